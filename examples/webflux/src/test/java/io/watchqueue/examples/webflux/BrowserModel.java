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

import org.springframework.http.codec.ServerSentEvent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The tree of a browser that applies the events, as the page does. */
final class BrowserModel {

    private final Map<Integer, Node> keys = new LinkedHashMap<>();
    private final Map<Integer, List<Integer>> members = new LinkedHashMap<>();
    private int root;

    void apply(ServerSentEvent<Object> event) {
        Object data = event.data();
        if (data instanceof ChangeEvents.Resync resync) {
            keys.clear();
            members.clear();
            root = resync.tree().serial();
            learn(resync.tree());
        } else if (data instanceof ChangeEvents.Removed removed) {
            members.values().forEach(linked -> linked.remove(Integer.valueOf(removed.key())));
        } else if (data instanceof ChangeEvents.Change change) {
            apply(change);
        }
    }

    private void apply(ChangeEvents.Change change) {
        if (change.node() != null) {
            learn(change.node());
        }
        if (change.members() != null) {
            members.put(change.key(), new ArrayList<>(change.members()));
        }
    }

    private void learn(Node node) {
        keys.put(node.serial(), node);
        if (node.complete() || !node.members().isEmpty()) {
            members.put(
                    node.serial(),
                    new ArrayList<>(node.members().stream().map(Node::serial).toList()));
        }
        node.members().forEach(this::learn);
    }

    /** Each link below the root, as "keyring-member". */
    Set<String> links() {
        Set<String> links = new TreeSet<>();
        collect(root, links);
        return links;
    }

    private void collect(int keyring, Set<String> links) {
        for (int member : members.getOrDefault(keyring, List.of())) {
            if (links.add(keyring + "-" + member)) {
                collect(member, links);
            }
        }
    }
}
