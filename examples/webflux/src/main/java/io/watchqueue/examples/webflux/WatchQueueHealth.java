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

import io.watchqueue.WatchQueueSupport;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

import java.util.LinkedHashMap;
import java.util.Map;

/** Whether the kernel delivers notifications, and which of the configured keyrings exist. */
@Component("watchQueueHealthIndicator")
class WatchQueueHealth implements HealthIndicator {

    private final KeyringFeeds feeds;

    WatchQueueHealth(KeyringFeeds feeds) {
        this.feeds = feeds;
    }

    @Override
    public Health health() {
        WatchQueueSupport support = WatchQueueSupport.probe();
        return (support.isAvailable() ? Health.up() : Health.down())
                .withDetail("kernel", support.explanation())
                .withDetail("keyrings", keyrings())
                .build();
    }

    /** A missing keyring is not an error: it may be created later, and is shown then. */
    private Map<String, String> keyrings() {
        Map<String, String> serials = new LinkedHashMap<>();
        for (String reference : feeds.references()) {
            serials.put(reference, feeds.get(reference).state());
        }
        return serials;
    }
}
