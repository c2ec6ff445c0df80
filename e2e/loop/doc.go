// Package loop closes the loop of sales and marketing on a running product, as somebody does it with the command line: real leads
// are imported, sales decide about them, reports say what each rule was worth, and a pattern and suggested points become drafts that are
// previewed and published. What it should say is computed once more, from the file and by plain SQL, by nothing of ours.
//
// The leads are those of X Education (9,240 rows with outcomes), as Leads.csv beside the repository has them: who they are comes by
// import; what their columns tell of visits, chats and messages becomes events; Converted is what sales decide, and Tags says why not.
// Beside them are people nobody has met: collectors, who download much, never look at a price and hardly ever buy, and readers,
// who do look and do buy. Of the rows that are taken every third stays open.
//
// `make loop` runs it: LEADFLOW_STANDALONE names the binary, LEADFLOW_LOOP_EVERY which rows are taken (8: each 8th). Without these only what
// needs no house is compared, of each 37th row.
package loop
