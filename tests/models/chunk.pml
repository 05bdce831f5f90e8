/* SPDX-License-Identifier: BSD-3-Clause
 *
 * detail/batch, chunk_run, order: the items of a call, which workers claim by the chunk: each is
 * done once or lost with the worker that had it in hand, no result is stranded or freed while it
 * may be read, and who waits hears of the end.
 *
 * holds:
 * holds: WITHOUT_SLICE WITHOUT_BROADCAST
 * holds: WITHOUT_TAG
 * holds: WITHOUT_CLEARING
 * fails: WITHOUT_TAG WITHOUT_CLEARING
 * fails: OWNER_BEFORE_PLACE
 * fails: DONE_BEFORE_RESULT
 * fails: DONE_BEFORE_REST
 * fails: WITHOUT_RECOVERY
 * fails: WITHOUT_SURVEY
 * fails: WITHOUT_WAKING WITHOUT_SLICE WITHOUT_BROADCAST
 *
 * Threads 0 and 1 work, thread 2 waits. The pool's own thread, which is not killed, recovers what a
 * dead worker had in hand: the rest of its chunk becomes a batch of its own.
 */
#define N 3
#define DEATHS 1
#include "world.inc"

#define CHUNKS 2 /* of the call: items 0 and 1, item 2 */
#define REST 2   /* the chunk of the other batch */
#define FREE 0
#define CLAIMED_BY(i) (i + 1)
#define DONE 8
#define NOTHING 9
#define BATCH_OF(chunk) (chunk == REST)

byte state[3] = DONE; /* of chunks */
byte first[3];
byte last[3];
bool complete[2]; /* batches */
byte open_rests = 0;
bool closed = false; /* the rest is known to be complete */

/* Of each worker: */
byte batch[2] = NOTHING;
byte in_hand[2] = NOTHING;
byte on_its_way[2] = NOTHING; /* the item whose result it commits */

bool is_result[3]; /* the block's owner says so: it is not freed with its maker */
bool word[3];      /* the result is there */
bool lost[3];
byte times_done[3];

byte sleepers = 0;
byte bell = 0;
bool ended = false;

#define IS_FREE(i) (state[i] == FREE)
#define ALL_DONE(b) (b == 0 && state[0] == DONE && state[1] == DONE || b == 1 && state[REST] == DONE)
#define OVER (complete[0] && open_rests == 0)

inline tell_waiter() {
  if
  :: sleepers > 0 -> bell++; asleep[2] = false
  :: else
  fi
}

/* Whoever does this is a worker, which may die in between, or the pool's own thread, which may not. */
#define COMPLETE(b, MORTAL)                                                      \
  d_step { was_complete = complete[b]; complete[b] = true };                     \
  MORTAL;                                                                        \
  if                                                                             \
  :: !was_complete -> tell_waiter()                                    \
  :: else                                                                        \
  fi

inline commit() {
#ifdef OWNER_BEFORE_PLACE
  is_result[item] = true;
  MAY_DIE;
  on_its_way[me] = item;
#else
  on_its_way[me] = item;
  MAY_DIE;
  is_result[item] = true;
#endif
  MAY_DIE;
  word[item] = true;
#ifndef WITHOUT_CLEARING
  MAY_DIE;
  on_its_way[me] = NOTHING
#endif
}

proctype worker(byte me) {
  byte chunk = 0;
  byte item = 0;
  bool was_complete = false;
again:
  if
  :: IS_FREE(0) -> chunk = 0
  :: IS_FREE(1) -> chunk = 1
  :: IS_FREE(REST) -> chunk = REST
  :: ended -> goto dead
  fi;
  d_step { in_hand[me] = NOTHING; batch[me] = BATCH_OF(chunk) };
  if
  :: atomic { IS_FREE(chunk) -> state[chunk] = CLAIMED_BY(me) }
  :: atomic { else -> goto again }
  fi;
#ifdef DONE_BEFORE_RESULT
  MAY_DIE;
  state[chunk] = DONE;
#endif
  item = first[chunk];
  do
  :: item < last[chunk] ->
     MAY_DIE;
     in_hand[me] = item;
     MAY_DIE;
     d_step { times_done[item]++; assert(times_done[item] == 1) };
     MAY_DIE;
     commit();
     item++
  :: else -> break
  od;
  MAY_DIE;
  state[chunk] = DONE;
  MAY_DIE;
  if
  :: ALL_DONE(BATCH_OF(chunk)) -> COMPLETE(BATCH_OF(chunk), MAY_DIE)
  :: else
  fi;
  d_step { batch[me] = NOTHING; chunk = 0; item = 0; was_complete = false };
  goto again;
dead:
  skip
}

/* Under the lock of the call, of what nobody else looks at. */
inline judge(who) {
  d_step {
    next = first[chunk];
    item = in_hand[who];
    if
    :: item != NOTHING && item >= next && item < last[chunk] ->
       next = item + 1;
       lost[item] = !word[item];
       if
#ifdef WITHOUT_TAG
       :: lost[item] && on_its_way[who] != NOTHING && is_result[on_its_way[who]] ->
          assert(!word[on_its_way[who]]);
          is_result[on_its_way[who]] = false
#else
       :: lost[item] && on_its_way[who] == item && is_result[item] -> is_result[item] = false
#endif
       :: else
       fi
    :: else
    fi
  }
}

inline add_rest() {
  if
  :: next < last[chunk] ->
     d_step { first[REST] = next; last[REST] = last[chunk] };
     open_rests++;
     state[REST] = FREE
  :: else
  fi
}

inline finish_chunk() {
  state[chunk] = DONE;
  if
  :: ALL_DONE(BATCH_OF(chunk)) -> COMPLETE(BATCH_OF(chunk), skip)
  :: else
  fi
}

#define CHUNK_OF(i)                                                              \
  (state[0] == CLAIMED_BY(i) -> 0 : (state[1] == CLAIMED_BY(i) -> 1 :            \
   (state[REST] == CLAIMED_BY(i) -> REST : NOTHING)))

/* It hears of each end of a worker, and of each rest that is complete. */
proctype service() {
  byte who = 0;
  byte chunk = 0;
  byte item = 0;
  byte next = 0;
  bool was_complete = false;
  bool known[2];
again:
  if
#ifndef WITHOUT_RECOVERY
  :: over[0] && !known[0] -> who = 0
  :: over[1] && !known[1] -> who = 1
#endif
  :: complete[1] && !closed -> closed = true; open_rests--; tell_waiter(); goto again
  :: ended -> goto end
  fi;
  known[who] = true;
  chunk = CHUNK_OF(who);
  if
  :: chunk != NOTHING ->
     judge(who);
#ifdef DONE_BEFORE_REST
     finish_chunk();
     add_rest()
#else
     add_rest();
     finish_chunk()
#endif
#ifndef WITHOUT_SURVEY
  :: chunk == NOTHING && batch[who] != NOTHING && ALL_DONE(batch[who]) -> COMPLETE(batch[who], skip)
#endif
  :: else
  fi;
#ifndef WITHOUT_WAKING
  tell_waiter();
#endif
  goto again;
end:
  skip
}

proctype waiter(byte me) {
  byte seen = 0;
  do
  :: sleepers++;
     seen = bell;
     if
     :: OVER
     :: else ->
        atomic {
          if
          :: bell == seen -> asleep[me] = true
          :: else
          fi
        };
        if
        :: !asleep[me]
        :: atomic { asleep[me] && SLICE_IS_OVER -> asleep[me] = false; has_slice[me] = false }
        fi
     fi;
     sleepers--;
     if
     :: OVER -> break
     :: else
     fi
  od;
  seen = 0;
  d_step {
    do
    :: seen < 3 ->
       assert(word[seen] != lost[seen]);
       assert(is_result[seen] == word[seen]);
       seen++
    :: else -> break
    od
  };
  ended = true
}

init {
  atomic {
    d_step {
      first[0] = 0; last[0] = 2; state[0] = FREE;
      first[1] = 2; last[1] = 3; state[1] = FREE
    };
    BEGIN;
    run worker(0);
    run worker(1);
    run waiter(2);
    run service()
  }
}
