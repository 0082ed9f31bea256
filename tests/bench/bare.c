// SPDX-License-Identifier: MIT
// A bare libuv program with one timer a second: what the daemon's footprint is compared with.
#include <uv.h>

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

int main(void)
{
    uv_timer_t timer;
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, on_timer, 1000, 1000);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
