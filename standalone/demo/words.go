package demo

var firstNames = []string{
	"Ada", "Bruno", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Imani", "Jakob", "Keiko", "Lars", "Maren", "Nadia",
	"Oskar", "Paula", "Quentin", "Rosa", "Samir", "Tilda", "Umar", "Vera", "Wanda", "Xenia", "Yusuf", "Zoe", "Anton", "Beatriz",
	"Cedric", "Daria", "Emil", "Fiona", "Gustav", "Hanna", "Ivo", "Jasmin", "Kofi", "Leonie", "Milan", "Noor",
}

var lastNames = []string{
	"Albrecht", "Bergstrom", "Castillo", "Dupont", "Eriksen", "Fontaine", "Gruber", "Haddad", "Ibarra", "Jansen", "Kowalski",
	"Lefevre", "Marino", "Novak", "Okoye", "Petrov", "Quinn", "Rossi", "Santos", "Tanaka", "Ueda", "Vogel", "Walsh", "Yilmaz",
	"Zimmer", "Andersson", "Brennan", "Costa", "Devries", "Engel", "Farkas", "Gallagher", "Hoffmann", "Iversen", "Jovanovic",
	"Keller", "Lindgren",
}

// company is an invented employer.
type company struct{ name, domain, industry string }

var companies = []company{
	{"Brightloom", "brightloom.example", "software"},
	{"Quillstone Press", "quillstone.example", "media"},
	{"Harborline Freight", "harborline.example", "logistics"},
	{"Fernwick Clinics", "fernwick.example", "healthcare"},
	{"Tallow & Pike", "tallowpike.example", "retail"},
	{"Ninefold Analytics", "ninefold.example", "software"},
	{"Oakmere College", "oakmere.example", "education"},
	{"Saltgrass Energy", "saltgrass.example", "energy"},
	{"Copperfield Tools", "copperfieldtools.example", "manufacturing"},
	{"Lumen Row Bank", "lumenrow.example", "finance"},
	{"Driftmark Studios", "driftmark.example", "media"},
	{"Pinebridge Robotics", "pinebridgerobotics.example", "manufacturing"},
	{"Wexcombe Insurance", "wexcombe.example", "finance"},
	{"Veldt Payments", "veldtpay.example", "technology"},
	{"Marrowby Foods", "marrowby.example", "retail"},
	{"Cloudhatch", "cloudhatch.example", "technology"},
	{"Stillwater Pharma", "stillwaterpharma.example", "healthcare"},
	{"Arden Learning", "ardenlearning.example", "education"},
	{"Kestrel Mobility", "kestrelmobility.example", "manufacturing"},
}

// place is where somebody lives.
type place struct{ country, city, zone, phone string }

var places = []place{
	{"DE", "Hamburg", "Europe/Berlin", "+49 40 555 01"},
	{"GB", "Leeds", "Europe/London", "+44 113 496 01"},
	{"US", "Denver", "America/Denver", "+1 303 555 01"},
	{"FR", "Lyon", "Europe/Paris", "+33 1 99 00 11 "},
	{"SE", "Malmö", "Europe/Stockholm", "+46 40 627 45"},
	{"IN", "Pune", "Asia/Kolkata", "+91 20 5550 01"},
	{"CA", "Montreal", "America/Toronto", "+1 514 555 01"},
	{"NL", "Utrecht", "Europe/Amsterdam", "+31 30 555 01"},
	{"BR", "Recife", "America/Recife", "+55 81 5550 01"},
}

var (
	bosses = []string{
		"Head of Operations", "VP Marketing", "Director of Sales", "Chief Revenue Officer", "Founder", "Head of Growth",
		"VP Customer Success", "Owner",
	}
	practitioners = []string{
		"Marketing Manager", "Sales Operations Analyst", "Demand Generation Specialist", "Customer Success Lead",
		"Systems Engineer", "Consultant", "Team Assistant", "Project Coordinator",
	}
	departments = []string{"marketing", "sales", "operations", "it"}
	sources     = []object{
		{"channel": "website", "medium": "organic", "landing_page": "https://leadflow.example/"},
		{"channel": "google", "medium": "cpc", "campaign": "faster-answers", "term": "lead response time"},
		{"channel": "linkedin", "medium": "social", "campaign": "heads-of-sales"},
		{"channel": "webinar", "medium": "event", "campaign": "one-number-to-watch"},
		{"channel": "newsletter", "medium": "email", "campaign": "november"},
		{"channel": "partner", "medium": "referral", "referrer": "https://partner.example/tools"},
	}
	oneThings = []string{
		"The demo used our own data", "The answer came within the hour", "Price is plain and public", "We could host it ourselves",
		"Support spoke our language", "",
	}
	missings = []string{"An integration with our phone system", "A yearly invoice", "", "", "A mobile app"}
	notes    = []string{
		"Asked about the import of old contacts.", "Wants to see it with the team next week.", "Two other tools on the list.",
		"Budget is decided this month.", "Came by recommendation.",
	}
)
