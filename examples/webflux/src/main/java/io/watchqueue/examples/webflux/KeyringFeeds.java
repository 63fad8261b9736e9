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

import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The keyrings that may be watched: those of the configuration, and no others. */
@Component
class KeyringFeeds implements DisposableBean {

    private final Map<String, KeyringFeed> feeds = new LinkedHashMap<>();

    KeyringFeeds(WatchqueueProperties properties, MeterRegistry meters) {
        for (String reference : properties.keyrings()) {
            feeds.put(
                    reference,
                    new KeyringFeed(reference, properties, new FeedMeters(meters, reference)));
        }
    }

    List<String> references() {
        return List.copyOf(feeds.keySet());
    }

    /**
     * @throws KeyringRefusedException if the keyring is not among those of the configuration
     */
    KeyringFeed get(String reference) {
        KeyringFeed feed = feeds.get(reference);
        if (feed == null) {
            throw new KeyringRefusedException(reference);
        }
        return feed;
    }

    @Override
    public void destroy() {
        feeds.values().forEach(KeyringFeed::dispose);
    }
}
