-- The orders of the list of senders, and who had the most of a day: of a million senders
-- they cannot be sorted for each page.
CREATE INDEX senders_messages ON senders (messages, sender);
CREATE INDEX senders_people ON senders (people, sender);
CREATE INDEX senders_last ON senders (last, sender);
CREATE INDEX sender_days_messages ON sender_days (day, messages DESC, sender);
