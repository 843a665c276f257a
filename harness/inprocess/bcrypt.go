package inprocess

import "golang.org/x/crypto/bcrypt"

// BcryptCost is the cost of checking a password: the smallest. At etcd's own cost each login of a client takes some 50 ms of a processor, which is no
// part of what is tested.
const BcryptCost = uint(bcrypt.MinCost)
