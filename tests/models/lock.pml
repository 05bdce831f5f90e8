/* SPDX-License-Identifier: BSD-3-Clause
 *
 * detail/owned_lock: one at a time, and nobody waits for the dead.
 *
 * holds:
 * fails: WITHOUT_TAKE_OVER
 * fails: WITHOUT_SLICE
 * holds: WITHOUT_SLICE LOOKS_AT_ONCE
 * fails: WITHOUT_SLICE LOOKS_AT_ONCE WITHOUT_BROADCAST
 *
 * The broadcast alone has a gap: a death that is noticed after a thread has looked and before it
 * sleeps. LOOKS_AT_ONCE closes it, which no kernel does.
 */
#define N 3
#define DEATHS 2
#include "world.inc"

byte owner = 0; /* 0: free, else the thread's number + 1 */
byte sleepers = 0;
bool holds[N];

#define IS_INSIDE(i) (holds[i] && !killed[i])

#ifdef WITHOUT_TAKE_OVER
#define IS_OVER(word) false
#else
#define IS_OVER(word) (word != 0 && over[word - 1])
#endif
#ifdef LOOKS_AT_ONCE
#define NOTICED_NOW(word) IS_OVER(word)
#else
#define NOTICED_NOW(word) false
#endif

proctype thread(byte me) {
  byte seen = 0;
  byte w = 0;
again:
  MAY_DIE;
  atomic {
    seen = owner;
    if
    :: seen == 0 -> owner = me + 1; goto held
    :: else
    fi
  };
  if
  :: IS_OVER(seen) ->
     MAY_DIE;
     atomic {
       if
       :: owner == seen -> owner = me + 1; goto held
       :: else -> goto again
       fi
     }
  :: else
  fi;
  MAY_DIE;
  sleepers++;
  MAY_DIE;
  seen = owner;
  if
  :: seen != 0 && !IS_OVER(seen) -> SLEEP_WHILE(owner == seen && !NOTICED_NOW(seen))
  :: else
  fi;
  MAY_DIE;
  sleepers--;
  goto again;
held:
  atomic {
    holds[me] = true;
    assert(IS_INSIDE(0) + IS_INSIDE(1) + IS_INSIDE(2) == 1)
  };
  MAY_DIE;
  d_step { holds[me] = false; owner = 0 };
  MAY_DIE;
  if
  :: sleepers > 0 -> MAY_DIE; wake_one()
  :: else
  fi;
dead:
  skip
}

init {
  atomic {
    BEGIN;
    run thread(0);
    run thread(1);
    run thread(2)
  }
}
