/* SPDX-License-Identifier: BSD-3-Clause
 *
 * detail/item_queue: an item whose put has returned is received once, or was in the hand of a
 * killed getter; whatever is killed, the others go on.
 *
 * holds:
 * fails: WITHOUT_RECOVERY
 * fails: TAIL_BEFORE_SEQUENCE
 * fails: HEAD_BEFORE_PAYLOAD
 * fails: WITHOUT_SLICE WITHOUT_BROADCAST
 *
 * Threads 0 and 1 put two items each, threads 2 and 3 get. When both putters are through, or known
 * to be dead, the queue is ended.
 */
#define N 4
#define DEATHS 1
#include "world.inc"

#define PLACES 5

byte payload[PLACES];
bool full[PLACES]; /* the slot's sequence says so */
byte head = 0;
byte tail = 0;
byte put_lock = 0; /* 0: free, else the thread's number + 1 */
byte get_lock = 0;
byte sleepers = 0;
byte word = 0;
bool ended = false;

bool begun[5]; /* by item, from 1 */
bool acked[5];
byte received[5];
byte in_hand = 0;  /* of killed getters, at most */
byte through = 0;  /* putters */
byte finished = 0; /* getters */

#define IS_OVER(lock) (lock != 0 && over[lock - 1])

inline tell_getters() {
  if
  :: sleepers > 0 ->
     MAY_DIE;
     word = 1 - word;
     MAY_DIE;
     wake_one()
  :: else
  fi
}

proctype putter(byte me) {
  byte item = 2 * me + 1;
  byte w = 0;
  do
  :: item <= 2 * me + 2 ->
     MAY_DIE;
     begun[item] = true;
     atomic { put_lock == 0 || IS_OVER(put_lock) -> put_lock = me + 1 };
#ifndef WITHOUT_RECOVERY
     MAY_DIE;
     if
     :: full[tail] -> MAY_DIE; tail++
     :: else
     fi;
#endif
     MAY_DIE;
     payload[tail] = item;
#ifdef TAIL_BEFORE_SEQUENCE
     MAY_DIE;
     tail++;
     MAY_DIE;
     full[tail - 1] = true;
#else
     MAY_DIE;
     full[tail] = true;
     MAY_DIE;
     tail++;
#endif
     MAY_DIE;
     put_lock = 0;
     tell_getters();
     d_step { acked[item] = true; item++ }
  :: else -> break
  od;
dead:
  through++
}

proctype getter(byte me) {
  byte item = 0;
  byte seen = 0;
again:
  MAY_DIE;
  atomic { get_lock == 0 || IS_OVER(get_lock) -> get_lock = me + 1 };
  MAY_DIE;
  if
  :: !full[head] ->
     MAY_DIE;
     get_lock = 0;
     goto wait
  :: else
  fi;
  MAY_DIE;
#ifdef HEAD_BEFORE_PAYLOAD
  d_step { head++; in_hand++ };
  MAY_DIE;
  get_lock = 0;
  MAY_DIE;
  item = payload[head - 1];
#else
  item = payload[head];
  MAY_DIE;
  d_step { head++; in_hand++ };
  MAY_DIE;
  get_lock = 0;
#endif
  d_step { in_hand--; received[item]++; assert(received[item] == 1 && begun[item]) };
  goto again;
wait:
  MAY_DIE;
  sleepers++;
  MAY_DIE;
  seen = word;
  if
  :: full[head] -> goto up
  :: !full[head] && ended -> goto out
  :: else
  fi;
  SLEEP_WHILE(word == seen);
up:
  MAY_DIE;
  sleepers--;
  goto again;
out:
  sleepers--;
dead:
  finished++
}

proctype checker() {
  byte w = 0;
  byte i = 1;
  byte missing = 0;
  atomic { through == 2 && (!killed[0] || over[0]) && (!killed[1] || over[1]) -> ended = true };
  word = 1 - word;
  wake_all();
  finished == 2;
  d_step {
    do
    :: i < 5 ->
       if
       :: acked[i] && received[i] == 0 -> missing++
       :: else
       fi;
       i++
    :: else -> break
    od;
    assert(missing <= in_hand)
  }
}

init {
  atomic {
    run undertaker();
    run putter(0);
    run putter(1);
    run getter(2);
    run getter(3);
    run checker()
  }
}
