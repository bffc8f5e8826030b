// Run by a test and killed by it: commits row after row and says so on stdout once each is committed.

import { writeSync } from 'node:fs';
import { openDatabase } from '../../daemon/sqlite.ts';

const [path = '', largest = '0'] = process.argv.slice(2);
const migrations = [
  { name: '0001-rows', sql: 'CREATE TABLE row (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT' },
];
const database = openDatabase({ path, migrations });
const insert = database.prepare('INSERT INTO row VALUES (?, ?)');
for (let number = Number(largest) + 1; ; number += 1) {
  // Two statements, so that half a transaction would be seen as a row without its pair.
  database.transaction(() => {
    insert.run(number, Buffer.alloc(3_000, number));
    insert.run(-number, Buffer.alloc(10));
  });
  writeSync(1, `${number}\n`);
}
