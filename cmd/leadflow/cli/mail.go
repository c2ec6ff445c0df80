package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func mails(t *tool) *cobra.Command {
	return group("mail", "Mails: what was sent, waits or failed, what is to become of it, and what came back", `
A mail is sent at most once unless its step says otherwise. One that was cut off while it was being sent is unknown: it may
have left or not. Look for it in the mail server's log at the time in data_at (its Message-ID is <lf.ID@your domain>),
then say what is so: retry, mark-sent or skip.`,
		mailList(t), mailRead(t),
		mailDecide(t, record.MailRetry, "Sends a mail that failed, expired or is unknown; an unknown one may arrive twice"),
		mailDecide(t, record.MailMarkSent, "Says that an unknown mail was sent"),
		mailDecide(t, record.MailSkip, "Says that a mail that waits, failed or is unknown is not sent any more"),
	)
}

func mailList(t *tool) *cobra.Command {
	return listCommand(t, list[record.Mail]{
		short: "Lists mails, newest first", path: "/v1/mails", columns: mailColumns,
		example: `  leadflow mail list --state unknown`,
		filters: []filter{
			{"state", "state", "only queued, claimed, sending, sent, failed, unknown, suppressed or expired"},
			{"lead", "lead_id", "only of this lead"},
		},
	})
}

func mailDecide(t *tool, d record.MailDecision, short string) *cobra.Command {
	return &cobra.Command{
		Use: string(d) + " ID", Short: short, Args: takes("the mail's id"),
		Example: "  leadflow mail " + string(d) + " 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, "/v1/mails/"+url.PathEscape(args[0])+"/"+string(d), nil, mailColumns)
		}),
	}
}
