module tre-fleet.local/images

go 1.26.6
