// SPDX-License-Identifier: MIT
// One suite for all transports. A fixture says how the ends of a transport are made and what it
// promises; the suite holds it to that, and to what transport.h asks of everyone:
//
//     int main(void)
//     {
//         return conformance_run(&fixture);
//     }
//
// Each test is a case of its own: CK_RUN_CASE=delivers_to_all_others runs that one.
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include "host.h"

enum { CONFORMANCE_ENDS_MAX = 5 };

// What becomes of messages that come faster than they are taken.
enum conformance_loss {
    LOSES_NOTHING, // all come, however late they are taken
    LOSES_COUNTED, // what is missing is what overrun() and the log (`lost_in_line`) say, exactly
    LOSES_TOLD,    // one of these tells that some are missing, not how many
    LOSES_UNTOLD,  // nobody can know
};

struct conformance {
    const char *name; // of the suite
    const struct actor_transport_ops *ops;

    // --- How its ends are made; an end is a host, numbered from 0 to CONFORMANCE_ENDS_MAX - 1 ---

    // Before each test, and after it, when all ends are closed. Nothing runs between the two but
    // what a test starts. NULL: nothing to do.
    void (*set_up)(void);
    void (*tear_down)(void);
    // Writes the parts of an end's URL: scheme, address, port, options, user, password. They live
    // until tear_down(). Called after start() of this end.
    void (*address)(int end, struct actor_transport_config *config);

    // --- Servers; all NULL where there are none ---

    // The server of an end runs when this returns, and those of the other ends that run are with
    // it. It may run already, where ends share one. Called again after kill().
    void (*start)(int end);
    // Ends it by SIGKILL.
    void (*kill)(int end);
    // Stops and continues it by a signal. tear_down() ends a server that is stopped, too.
    void (*freeze)(int end);
    void (*thaw)(int end);
    bool own_servers; // one for each end; else one for all

    // --- Hostile bytes, from whoever stands where the server does, or the network ---

    // Makes one who brings them, on the end's loop if he needs one (he may run in another process
    // as well), and writes the end's URL parts so that it meets him. A connection is accepted,
    // again and again, and served until the end would be up. Neither start() nor address() were
    // called for this end, which is number 0 and the only one. NULL: there is no such test.
    void (*hostile_begin)(struct host *host);
    // Brings these bytes: as one packet, or as the next of a stream; drops them when there is no
    // connection just now.
    void (*hostile_send)(const void *bytes, size_t len);
    // Writes a good message as it travels (what hostile_send() would bring to message()), and
    // returns its length. `payload` is at most 64 bytes, `size` at least 1024.
    size_t (*hostile_message)(const char *group, const char *payload, void *out, size_t size);
    // After the end is closed; its loop still is there, and runs once more.
    void (*hostile_end)(void);

    // --- What it promises ---

    bool reorders;     // messages of one sender may come in another order
    bool repeats;      // a message may come twice
    bool merges_equal; // of equal payloads, sent at about the same time, one may be missing
    int misses;        // so many of one sender, one after the other, may miss one of all the ends

    // How many messages may be under way at once so that none is lost.
    int window;
    // How many are sent so in one test, and as fast as send() takes them in another; 0: 10,000.
    int burst_count;
    // What becomes of that second burst.
    enum conformance_loss burst_loss;
    // An end whose loop is not run keeps at least so many, of 64 bytes each, for when it is run
    // again. The test sends so many more (0: 1,000), and they get lost like this.
    int reader_keeps;
    int reader_beyond;
    enum conformance_loss reader_loss;
    // How many lost messages a line of the log tells of; 0: none, it is about something else.
    uint64_t (*lost_in_line)(const char *line);

    // Bounds, in ms. They are for a machine that has other work to do as well.
    int delivery_ms; // from send() to message() at the last end
    int up_ms;       // from open(), with its server there, to up()
    int down_ms;     // from kill() to down()
    int frozen_ms;   // from freeze() to down(), with a keepalive of 1 s
    int return_ms;   // from start() after a kill(), or thaw() after a down(), to up()
    int told_ms;     // from announce() or close() to peer() at the last end; 0: nobody is told
    int gone_ms;     // from kill() of an end's own server to peer() at the others
};

// The suite for a fixture, which must live as long; for one at a time.
Suite *conformance_suite(const struct conformance *fixture);
// Runs it. Returns what main() is to return.
int conformance_run(const struct conformance *fixture);

#endif
