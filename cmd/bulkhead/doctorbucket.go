package main

import "context"

// bucket looks at the store of held content, by an object that it puts and
// removes.
func (e *examination) bucket(ctx context.Context) {
	const check = "quarantine.s3"
	c := &e.cfg.Quarantine.S3
	if !c.On() {
		return
	}
	b, err := newBucket(e.cfg, "")
	if err == nil {
		err = b.Try(ctx)
	}
	if err != nil {
		e.note(check, levelFail, "until it does, what has to be held is answered 451", "%v", err)
		return
	}
	e.note(check, levelOK, "", "bucket %s at %s takes, gives and removes objects, and writes over none", c.Bucket, c.Endpoint)
}
