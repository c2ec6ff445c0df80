package intake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Words as addresses and names have them, in the languages whose files come in these encodings.
var texts = map[string]string{
	"german":  "Name,Stadt,Straße\nJürgen Müller,Köln,Große Straße 5\nÄnne Weiß,Düsseldorf,Übergang 7\nRené Gödel,Zürich,Löwenplatz\n",
	"french":  "Nom,Ville\nÉlodie Lefèvre,Besançon\nFrançois Noël,Orléans\nL’Hôpital,Nîmes\nCœur,Évry\n",
	"spanish": "Nombre,Ciudad\nJosé Ibáñez,A Coruña\nMaría Núñez,Cádiz\nÁngel Güell,Logroño\n",
	"polish":  "Nazwa,Miasto\nŁukasz Żółw,Łódź\nMałgorzata Ciążyńska,Gdańsk\nJerzy Śliwiński,Wrocław\n",
	"russian": "Имя,Город\nИван Петров,Москва\nОльга Иванова,Санкт-Петербург\nПётр Сергеев,Нижний Новгород\n",
	"euro":    "Name,Budget\nAda,1000 €\nRené,500 €\n",
	"plain":   "Name,City\nAda,London\n",
}

func TestTheEncodingIsFoundOut(t *testing.T) {
	for _, c := range []struct{ text, in, as string }{
		{"german", "utf-8", "utf-8"},
		{"german", "windows-1252", "windows-1252"},
		{"german", "macintosh", "macintosh"},
		{"german", "ibm850", "ibm850"},
		{"french", "windows-1252", "windows-1252"},
		{"french", "macintosh", "macintosh"},
		{"spanish", "windows-1252", "windows-1252"},
		{"spanish", "ibm850", "ibm850"},
		{"polish", "windows-1250", "windows-1250"},
		{"polish", "utf-8", "utf-8"},
		{"russian", "windows-1251", "windows-1251"},
		{"russian", "koi8-r", "koi8-r"},
		{"russian", "utf-8", "utf-8"},
		{"russian", "utf-16le", "utf-16le"},
		{"german", "utf-16le", "utf-16le"},
		{"german", "utf-16be", "utf-16be"},
		{"plain", "utf-16be", "utf-16be"},
		{"euro", "iso-8859-15", "iso-8859-15"},
		{"euro", "windows-1252", "windows-1252"},
		{"plain", "utf-8", "utf-8"},
	} {
		file, ok := encoded(t, texts[c.text], c.in)
		require.True(t, ok, "%s in %s", c.text, c.in)
		marked := map[string]string{"utf-8": "\xef\xbb\xbf", "utf-16le": "\xff\xfe", "utf-16be": "\xfe\xff"}[c.in]
		for _, mark := range []string{"", marked} {
			if c.text == "russian" && c.in == "utf-16le" && mark == "" {
				continue // few of its letters have a zero: the mapping must say
			}
			d, rows, faults, err := readFile(t, mark+file, Mapping{})
			require.NoError(t, err)
			require.Equal(t, dialect{c.as, ','}, d, "%s in %s", c.text, c.in)
			require.Empty(t, faults)
			var lines []string
			for _, r := range rows {
				lines = append(lines, strings.Join(r, ","))
			}
			require.Equal(t, texts[c.text], strings.Join(lines, "\n")+"\n")
		}
	}
}

// The first letter that is no ASCII may come late: the whole file is looked at.
func TestALateLetterIsFound(t *testing.T) {
	file := "Name,City\n" + strings.Repeat("Ada,London\n", 20_000) + "J\xfcrgen,K\xf6ln\n"
	d, rows, faults, err := readFile(t, file, Mapping{})
	require.NoError(t, err)
	require.Equal(t, "windows-1252", d.encoding)
	require.Empty(t, faults)
	require.Equal(t, []string{"Jürgen", "Köln"}, rows[len(rows)-1])
}

// A few broken cells do not make a file of UTF-8 one of something else.
func TestBrokenCellsOfUTF8FailAlone(t *testing.T) {
	_, rows, faults, err := readFile(t, "Name,City\n"+strings.Repeat("Jürgen,Köln\n", 10)+"J\xfcrgen,Bonn\n", Mapping{})
	require.NoError(t, err)
	require.Len(t, rows, 11)
	require.Equal(t, map[int]string{12: "holds bytes that are no text in utf-8"}, faults)
}

func TestWhatTheMappingSaysWins(t *testing.T) {
	file, _ := encoded(t, "Name;City,2\nЯна;Тверь,1\n", "koi8-r")
	d, rows, _, err := readFile(t, file, Mapping{Encoding: "KOI8-R", Delimiter: ";"})
	require.NoError(t, err)
	require.Equal(t, dialect{"koi8-r", ';'}, d)
	require.Equal(t, []string{"Яна", "Тверь,1"}, rows[1])
	for _, bad := range []string{"utf-9", "replacement", "iso-2022-cn"} {
		_, err := ParseMapping([]byte("email: A\nencoding: " + bad + "\n"))
		require.Equal(t, []string{"mapping.encoding"}, fields(t, err), bad)
	}
}

func TestTheDelimiterIsFoundOut(t *testing.T) {
	m := Mapping{Email: &Cell{Column: "Mail"}, Profile: map[string]Cell{"city": {Column: "City"}}}
	for file, want := range map[string]rune{
		"Mail,City\na,b\n":                                  ',',
		"Mail;City\na;b\n":                                  ';',
		"Mail\tCity\na\tb,c\n":                              '\t',
		"Mail|City\na|b\n":                                  '|',
		"Mail;City;\"A, B, C, D\"\na;b;1,2,3\n":             ';',
		"Mail;City;A,B,C,D,E,F\na,b,c,d,e,f\n1,2,3,4,5,6\n": ';', // the columns of the mapping tell
		"Mail\na@example.com\n":                             ',',
		"sep=;\nMail,1;City\na;b\n":                         ';',
		"\"sep=|\"\r\nMail|City\r\na|b\r\n":                 '|',
		"SEP=\t\rMail\tCity\ra\tb\r":                        '\t',
	} {
		d, _, faults, err := readFile(t, file, m)
		require.NoError(t, err)
		require.Equal(t, string(want), string(d.delimiter), "%q", file)
		require.Empty(t, faults)
	}
}

// The line in which Excel notes the delimiter is no header, also where the mapping says another.
func TestTheNoteOfADelimiterIsNoRow(t *testing.T) {
	for _, file := range []string{"sep=;\r\nA,B\r\nx,y\r\n", "\xef\xbb\xbfsep=,\nA,B\nx,y\n"} {
		_, rows, _, err := readFile(t, file, Mapping{Delimiter: ","})
		require.NoError(t, err)
		require.Equal(t, [][]string{{"A", "B"}, {"x", "y"}}, rows)
	}
	_, rows, _, err := readFile(t, "sep=\nx,y\n", Mapping{})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"sep="}, {"x", "y"}}, rows)
}

func TestAHeaderThatIsNoneSaysWhatToDo(t *testing.T) {
	m := mapping(t, "email: Mail\nprofile: {city: City}\n")
	for says, header := range map[string][]string{
		"has no header: its first row holds data; put a row above it": {"ada@example.com", "Bonn"},
		`two columns are named "City"; rename one of them`:            {"Mail", "City", "City"},
		"column 3 has no name; name it, or say unmapped: ignore":      {"Mail", "City", ""},
		"was read as windows-1252 with semicolons between its cells":  {"Mail,City"},
	} {
		var ps Problems
		m.fit(&ps, header, dialect{"windows-1252", ';'})
		require.Contains(t, ps.Error(), says)
		require.NotContains(t, ps.Error(), "ada@example.com", "a cell of data is no name of a column")
	}
	var ps Problems
	m.Unmapped = "ignore"
	m.fit(&ps, []string{"Mail", "City", "", "", "Shoe", "Shoe"}, dialect{"utf-8", ','})
	require.Empty(t, ps, "nobody reads those")
}

// Files that are no text are told by what they are and what to do, whatever the mapping says of their encoding.
func TestAFileThatIsNoTextIsToldByWhatItIs(t *testing.T) {
	for begins, says := range map[string]string{
		"\x1f\x8b\x08\x00":                 "is packed with gzip; unpack it and import",
		"PK\x03\x04\x14\x00":               "is an Excel workbook (.xlsx) or another zip archive; open it and save it as CSV",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "is an Excel workbook (.xls); open it and save it as CSV",
	} {
		for _, m := range []Mapping{{}, {Encoding: "macintosh", Delimiter: ","}} {
			_, err := sniff(strings.NewReader(begins+"\x00\x00\x00"), m)
			require.ErrorAs(t, err, &Problems{})
			require.ErrorContains(t, err, says)
		}
	}
	_, err := sniff(strings.NewReader("PK,Mail\n1,ada@example.com\n"), Mapping{})
	require.NoError(t, err, "a column may be named so")
}
