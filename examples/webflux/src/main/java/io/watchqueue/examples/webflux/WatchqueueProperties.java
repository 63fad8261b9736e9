/*
 * Copyright 2026 the watchqueue authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */
package io.watchqueue.examples.webflux;

import io.watchqueue.KeyEvent;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * The keyrings that are shown, and the limits.
 *
 * @param keyrings Keyrings that may be watched, as keyctl(1) writes them: a serial, @u, or %:NAME.
 *     All others are refused.
 * @param capacity Notifications of a keyring that the kernel keeps before it drops new ones, 1 to
 *     512.
 * @param prefetch Notifications that are kept in this process beyond that, 0 for none.
 * @param filter Events that the kernel queues.
 * @param keys The largest number of keys that are watched in a keyring, nested keyrings included.
 *     Others are looked at every 10 seconds.
 * @param linger How long a keyring is still watched after the last browser has left.
 * @param streams Limits for the streams of browsers.
 * @param hosts Host names that browsers may use for this application, besides localhost and
 *     loopback addresses.
 */
@ConfigurationProperties("watchqueue")
public record WatchqueueProperties(
        @DefaultValue("@u") List<String> keyrings,
        @DefaultValue("512") int capacity,
        @DefaultValue("0") int prefetch,
        @DefaultValue Filter filter,
        @DefaultValue("1000") int keys,
        @DefaultValue("5s") Duration linger,
        @DefaultValue Streams streams,
        @DefaultValue Set<String> hosts) {

    private static final Duration LONGEST = Duration.ofDays(1);

    /**
     * Checks at startup, because the library would refuse a wrong value only for the first browser.
     */
    public WatchqueueProperties {
        check(
                !keyrings.isEmpty(),
                "keyrings",
                keyrings,
                "names at least one keyring, such as @u or %:orders");
        check(capacity >= 1 && capacity <= 512, "capacity", capacity, "is from 1 to 512");
        check(prefetch >= 0, "prefetch", prefetch, "is 0 or more");
        check(keys >= 1, "keys", keys, "is 1 or more");
        check(isPositive(linger), "linger", linger, "is more than 0s, and 24h at most");
        keyrings = List.copyOf(keyrings);
        hosts = Set.copyOf(hosts);
    }

    /**
     * Events that the kernel queues.
     *
     * @param events Changes of keys that are shown, such as UPDATED; all if none is named. Links
     *     and changes of state always are, because the tree is made of them.
     */
    public record Filter(@DefaultValue Set<KeyEvent> events) {

        /** Copies the set. */
        public Filter {
            events = Set.copyOf(events);
        }
    }

    /**
     * Limits for the streams of browsers.
     *
     * @param max The largest number of open streams, of all browsers together.
     * @param buffer Events that are kept for a slow browser. If there are more, it gets a loss and
     *     the whole keyring again.
     * @param heartbeat The interval of heartbeats on an idle stream.
     * @param retry How long a browser waits before it reconnects.
     * @param stalled How long a browser may read nothing before it is disconnected.
     */
    public record Streams(
            @DefaultValue("100") int max,
            @DefaultValue("256") int buffer,
            @DefaultValue("15s") Duration heartbeat,
            @DefaultValue("2s") Duration retry,
            @DefaultValue("1m") Duration stalled) {

        /** Checks the limits. */
        public Streams {
            check(max >= 1, "streams.max", max, "is 1 or more");
            check(buffer >= 1, "streams.buffer", buffer, "is 1 or more");
            check(
                    isPositive(heartbeat),
                    "streams.heartbeat",
                    heartbeat,
                    "is more than 0s, and 24h at most");
            check(retry.isZero() || isPositive(retry), "streams.retry", retry, "is from 0s to 24h");
            check(
                    isPositive(stalled) && stalled.compareTo(heartbeat) > 0,
                    "streams.stalled",
                    stalled,
                    "is longer than streams.heartbeat, " + heartbeat + ", and 24h at most");
        }
    }

    /** At most a day: a timer counts in nanoseconds, and would overflow. */
    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero() && duration.compareTo(LONGEST) <= 0;
    }

    private static void check(boolean right, String property, Object value, String rule) {
        if (!right) {
            throw new IllegalArgumentException(
                    "watchqueue." + property + "=" + value + ", but it " + rule);
        }
    }
}
