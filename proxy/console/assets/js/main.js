// What a page has beyond its markup: keys, ages that go on, and rows that
// follow what happens. Without it every page is whole.
import { keys } from './keys.js'
import { live } from './live.js'
import { ages } from './ages.js'
import { drop } from './drop.js'
import { whatif } from './whatif.js'

keys()
ages()
live()
drop()
whatif()
