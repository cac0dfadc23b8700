package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type userCommand struct {
	Add      userAdd      `cmd:"" help:"Make an account for the console and the API."`
	List     userList     `cmd:"" help:"List the accounts."`
	Role     userRole     `cmd:"" help:"Give an account another role; this ends its sessions."`
	Password userPassword `cmd:"" help:"Give an account another password; this ends its sessions."`
	Disable  userDisable  `cmd:"" help:"Let an account log in no more, and end its sessions and tokens."`
	Enable   userEnable   `cmd:"" help:"Let a disabled account log in again."`
	NoTOTP   userNoTOTP   `cmd:"" name:"no-totp" help:"Take away an account's second factor, where its device is lost."`
}

// userSettings are the flags of commands about an account.
type userSettings struct {
	storeSettings
	Name string `arg:"" help:"The account's name, as the audit trail has it."`
	By   string `placeholder:"NAME" help:"Who does this; else the user of this machine."`
}

// newPassword are the flags that tell where a password is from.
type newPassword struct {
	PasswordFile string `placeholder:"FILE" help:"File with the password in its first line; - is standard input. Without it you are asked."`
	Generate     bool   `help:"Make a password, and print it."`
}

// read gives the password, and whether it was made here.
func (n newPassword) read(p program) (password string, made bool, err error) {
	switch {
	case n.Generate:
		return strings.ToLower(rand.Text()[:20]), true, nil
	case n.PasswordFile == "-":
		password, err = firstLine(p.stdin)
	case n.PasswordFile != "":
		var f *os.File
		if f, err = os.Open(n.PasswordFile); err != nil {
			return "", false, err
		}
		defer f.Close() //nolint:errcheck // read only
		password, err = firstLine(f)
	default:
		password, err = ask(p)
	}
	return password, false, err
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// ask asks at the terminal, twice, and shows nothing of what is typed.
func ask(p program) (string, error) {
	in, is := p.stdin.(*os.File)
	if !is || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New("no terminal to ask for a password: use --password-file FILE, --password-file - or --generate")
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "The same again: "} {
		fmt.Fprint(p.stderr, prompt)
		line, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(p.stderr)
		if err != nil {
			return "", fmt.Errorf("password: %w", err)
		}
		typed[i] = string(line)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}

type userAdd struct {
	userSettings
	newPassword
	Role string `enum:"viewer,reviewer,approver,admin" default:"reviewer" help:"viewer reads, masked; reviewer decides; approver is the second person, too; admin changes accounts, too."`
}

// Help implements kong.HelpProvider.
func (userAdd) Help() string {
	return "Works while the relay runs.\n\nExamples:\n  bulkhead user add ana --role admin\n  bulkhead user add ben --role reviewer --generate\n  pass show bulkhead/eve | bulkhead user add eve --role approver --password-file -"
}

// Run makes an account.
func (c userAdd) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // what was written is committed
	password, made, err := c.read(p)
	if err != nil {
		return err
	}
	hash, err := access.HashPassword(c.Name, password)
	if err != nil {
		return err
	}
	if err := store.AddAccount(ctx, quarantine.Account{Name: c.Name, Role: c.Role, Password: hash}, who(c.By)); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Added %s as %s.\n", c.Name, c.Role)
	return tellPassword(p, password, made)
}

// tellPassword prints a password that was made here.
func tellPassword(p program, password string, made bool) error {
	if !made {
		return nil
	}
	_, err := fmt.Fprintf(p.stdout, "Password: %s\n", password)
	return err
}

type userList struct {
	storeSettings
	Format string `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
}

// Help implements kong.HelpProvider.
func (userList) Help() string {
	return "Examples:\n  bulkhead user list\n  bulkhead user list --format json"
}

// Run lists accounts.
func (c userList) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	all, err := store.Accounts(ctx)
	if err != nil {
		return err
	}
	out := newLister(p.stdout, c.Format, "NAME\tROLE\tSECOND FACTOR\tSTATE\tLAST LOG-IN")
	for _, a := range all {
		factor, state, seen := "no", "enabled", "never"
		if a.TOTP != "" {
			factor = "yes"
		}
		if a.Disabled {
			state = "disabled"
		}
		if !a.Seen.IsZero() {
			seen = a.Seen.Local().Format("2006-01-02 15:04")
		}
		err := out.add(map[string]any{"name": a.Name, "role": a.Role, "second_factor": a.TOTP != "", "disabled": a.Disabled, "created": a.Created, "seen": a.Seen},
			strings.Join([]string{a.Name, a.Role, factor, state, seen}, "\t"))
		if err != nil {
			return err
		}
	}
	return out.end()
}

// change changes an account and says so.
func (c userSettings) change(ctx context.Context, p program, done string, change func(*quarantine.Account) error) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // what was written is committed
	if err := store.ChangeAccount(ctx, c.Name, who(c.By), access.Changing(change)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s %s\n", c.Name, done)
	return err
}

type userRole struct {
	userSettings
	Role string `arg:"" enum:"viewer,reviewer,approver,admin" help:"viewer, reviewer, approver or admin."`
}

// Help implements kong.HelpProvider.
func (userRole) Help() string {
	return "Examples:\n  bulkhead user role ana approver\n  bulkhead user role ben viewer --by eve"
}

// Run changes a role.
func (c userRole) Run(ctx context.Context, p program) error {
	return c.change(ctx, p, "is "+c.Role+" now.", func(a *quarantine.Account) error {
		a.Role = c.Role
		return nil
	})
}

type userPassword struct {
	userSettings
	newPassword
}

// Help implements kong.HelpProvider.
func (userPassword) Help() string {
	return "Examples:\n  bulkhead user password ana\n  bulkhead user password ben --generate"
}

// Run changes a password.
func (c userPassword) Run(ctx context.Context, p program) error {
	password, made, err := c.read(p)
	if err != nil {
		return err
	}
	hash, err := access.HashPassword(c.Name, password)
	if err != nil {
		return err
	}
	err = c.change(ctx, p, "has a new password.", func(a *quarantine.Account) error {
		a.Password = hash
		return nil
	})
	if err != nil {
		return err
	}
	return tellPassword(p, password, made)
}

type userDisable struct{ userSettings }

// Help implements kong.HelpProvider.
func (userDisable) Help() string {
	return "What the account did stays in the audit trail.\n\nExamples:\n  bulkhead user disable ana\n  bulkhead user disable ben --by eve"
}

// Run disables an account.
func (c userDisable) Run(ctx context.Context, p program) error {
	return c.change(ctx, p, "is disabled.", func(a *quarantine.Account) error {
		a.Disabled = true
		return nil
	})
}

type userEnable struct{ userSettings }

// Help implements kong.HelpProvider.
func (userEnable) Help() string {
	return "Examples:\n  bulkhead user enable ana\n  bulkhead user enable ben --by eve"
}

// Run enables an account.
func (c userEnable) Run(ctx context.Context, p program) error {
	return c.change(ctx, p, "can log in again.", func(a *quarantine.Account) error {
		a.Disabled = false
		return nil
	})
}

type userNoTOTP struct{ userSettings }

// Help implements kong.HelpProvider.
func (userNoTOTP) Help() string {
	return "Examples:\n  bulkhead user no-totp ana\n  bulkhead user no-totp ben --by eve"
}

// Run takes away a second factor.
func (c userNoTOTP) Run(ctx context.Context, p program) error {
	return c.change(ctx, p, "has no second factor now.", func(a *quarantine.Account) error {
		a.TOTP = ""
		return nil
	})
}
