package record

// MailPreview is a mail of a sequence as one lead would get it. Its links are inert: none of them is the lead's own.
type MailPreview struct {
	Step      string            `json:"step"`
	Subject   string            `json:"subject"`
	Preheader string            `json:"preheader"`
	HTML      string            `json:"html"`
	Text      string            `json:"text"`
	Headers   map[string]string `json:"headers" doc:"decoded"`
	Size      int               `json:"size" doc:"bytes of the whole mail"`
	Raw       string            `json:"raw,omitempty" doc:"the mail as it would be sent, where raw was asked for"`
	Findings  []Finding         `json:"findings"`
}

// Finding is something about a mail that its author should look at.
type Finding struct {
	Code   string `json:"code" doc:"not_composable no_postal no_unsubscribe no_text image_only image_alt image_address link_address link_mismatch many_links clipped subject_caps subject_shouts subject_long no_preheader"`
	Severe bool   `json:"severe" doc:"the mail is not sent, or will hardly be read"`
	Detail string `json:"detail"`
}

// TestMail asks for mails of a sequence to be sent to somebody of the house, as a lead would get them.
type TestMail struct {
	LeadID   string
	Sequence string
	Version  int
	Steps    []string
	To       string
}

// TestsAnHour is how many test mails a house sends in an hour.
const TestsAnHour = 60

// Coverage is how many of the leads that could enter a sequence lack what its mails show.
type Coverage struct {
	Leads     int                `json:"leads" doc:"that could enter, of the newest 100,000"`
	Variables []VariableCoverage `json:"variables" doc:"those that some mail shows without a default and outside a condition that asks for them; the most missing first"`
}

// VariableCoverage is one variable.
type VariableCoverage struct {
	Name    string   `json:"name"`
	Steps   []string `json:"steps"`
	Missing int      `json:"missing" doc:"leads"`
	Percent float64  `json:"percent" doc:"of the leads, by one digit"`
}
