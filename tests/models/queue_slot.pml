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
 * Threads 0 and 1 put an item each, threads 2 and 3 get. When both putters are through and
 * no item is missing, the queue is ended.
 */
#define N 4
#define DEATHS 1
#include "world.inc"

#define PLACES 3

byte payload[PLACES];
bool filled[PLACES]; /* the slot's sequence says so */
byte head = 0;
byte tail = 0;
byte put_lock = 0; /* 0: free, else the thread's number + 1 */
byte get_lock = 0;
byte sleepers = 0;
byte word = 0;
bool ended = false;

bool begun[PLACES]; /* by item, from 1 */
bool acked[PLACES];
byte received[PLACES];
byte in_hand = 0;  /* of killed getters, at most */
byte through = 0;  /* putters */
byte finished = 0; /* getters */

#define IS_MISSING(item) (acked[item] && received[item] == 0)
#define IS_OVER(lock) (lock != 0 && over[lock - 1])

inline tell_getters() {
  if
  :: sleepers > 0 ->
     MAY_DIE;
     word++;
     MAY_DIE;
     wake_one()
  :: else
  fi
}

proctype putter(byte me) {
  byte w = 0;
  MAY_DIE;
  begun[me + 1] = true;
  atomic { put_lock == 0 || IS_OVER(put_lock) -> put_lock = me + 1 };
#ifndef WITHOUT_RECOVERY
  MAY_DIE;
  if
  :: filled[tail] -> MAY_DIE; tail++
  :: else
  fi;
#endif
  MAY_DIE;
  payload[tail] = me + 1;
  MAY_DIE;
#ifdef TAIL_BEFORE_SEQUENCE
  tail++;
  MAY_DIE;
  filled[tail - 1] = true;
#else
  filled[tail] = true;
  MAY_DIE;
  tail++;
#endif
  MAY_DIE;
  put_lock = 0;
  tell_getters();
  acked[me + 1] = true;
dead:
  through++
}

proctype getter(byte me) {
  byte item = 0;
  byte seen = 0;
again:
  MAY_DIE;
  atomic { get_lock == 0 || IS_OVER(get_lock) -> get_lock = me + 1 };
  if
  :: !filled[head] ->
     MAY_DIE;
     get_lock = 0;
     goto wait
  :: else
  fi;
#ifdef HEAD_BEFORE_PAYLOAD
  MAY_DIE;
  d_step { head++; in_hand++ };
  MAY_DIE;
  get_lock = 0;
  item = payload[head - 1];
#else
  item = payload[head];
  MAY_DIE;
  d_step { head++; in_hand++ };
  MAY_DIE;
  get_lock = 0;
#endif
  d_step { in_hand--; received[item]++; assert(received[item] == 1 && begun[item]); item = 0 };
  goto again;
wait:
  MAY_DIE;
  sleepers++;
  seen = word;
  if
  :: filled[head] || ended
  :: else -> SLEEP_WHILE(word == seen)
  fi;
  MAY_DIE;
  d_step { sleepers--; seen = 0 };
  if
  :: !ended -> goto again
  :: else
  fi;
dead:
  finished++
}

/* Waits until nothing is missing, in vain where something is lost. */
proctype checker() {
  byte w = 0;
  through == 2 && IS_MISSING(1) + IS_MISSING(2) <= in_hand;
  ended = true;
  word++;
  wake_all();
  finished == 2
}

init {
  atomic {
    BEGIN;
    run putter(0);
    run putter(1);
    run getter(2);
    run getter(3);
    run checker()
  }
}
