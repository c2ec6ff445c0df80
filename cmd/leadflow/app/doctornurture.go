package app

import "strings"

// checkNurture tells what keeps nurture mail in the house by configuration alone: nobody would miss a mail that never went.
func checkNurture(cfg Config) []Check {
	return []Check{checkPostal(cfg), checkSafeMode(cfg)}
}

func checkPostal(cfg Config) Check {
	if strings.TrimSpace(cfg.MailPostal) == "" {
		return Check{
			Name: "postal", Says: "there is no postal address for the footer: no sequence is published, and nurture mail waits",
			Mend: "set LEADFLOW_MAIL_POSTAL, such as \"Acme Ltd, 1 Main Street, 12345 Town\": CAN-SPAM and most other laws want it in each mail",
		}
	}
	return Check{Name: "postal", OK: true, Says: "each nurture mail carries it"}
}

// checkSafeMode tells whether mail goes to everybody. Safe mode is no fault, and nobody should be surprised by it.
func checkSafeMode(cfg Config) Check {
	c := Check{Name: "safe mode", OK: true, Says: "off: production is declared"}
	if !cfg.MailProduction {
		c.Says = "on: mail goes to nobody; what is composed is kept"
		if cfg.MailAllow != "" {
			c.Says = "on: mail goes to " + cfg.MailAllow + " only; what is for others is kept"
		}
		c.Says += "; LEADFLOW_MAIL_PRODUCTION=true ends it"
	}
	return c
}
