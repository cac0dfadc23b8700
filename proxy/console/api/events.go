package api

// followersMost is how many may follow events at once.
const followersMost = 100
