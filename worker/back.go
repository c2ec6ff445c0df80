package worker

import (
	netmail "net/mail"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// back is where what comes back of a mail to a person goes: bounces to its return path, answers to its Reply-To. Both name the
// delivery by a signed token. Without a domain of our own for them it is the sender of the house, and no Reply-To.
func (l *Letters) back(d record.Delivery) (returnPath string, reply netmail.Address, err error) {
	if l.House.BackDomain == "" || inert(d) {
		return l.House.From.Address, reply, nil
	}
	id, err := uuid.Parse(d.ID)
	if err != nil {
		return "", reply, err
	}
	if returnPath, err = l.Tokens.Address(token.Bounce, id, l.House.BackDomain); err != nil {
		return "", reply, err
	}
	reply.Name = l.House.From.Name
	reply.Address, err = l.Tokens.Address(token.Reply, id, l.House.BackDomain)
	return returnPath, reply, err
}
