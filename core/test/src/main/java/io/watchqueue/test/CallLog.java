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
package io.watchqueue.test;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts calls, and makes planned ones fail. Has no lock of its own. */
final class CallLog {

    private final Map<NativeCall, Deque<Integer>> failures = new EnumMap<>(NativeCall.class);
    private final Map<NativeCall, Integer> counts = new EnumMap<>(NativeCall.class);

    void fail(NativeCall call, List<Integer> errnos) {
        failures.computeIfAbsent(call, any -> new ArrayDeque<>()).addAll(errnos);
    }

    void count(NativeCall call) {
        counts.merge(call, 1, Integer::sum);
    }

    /** Throws the next planned failure of a call, if there is one. */
    void failIfPlanned(NativeCall call) {
        Deque<Integer> planned = failures.get(call);
        Integer errno = planned == null ? null : planned.poll();
        if (errno != null) {
            throw new KernelError(errno);
        }
    }

    int counted(NativeCall call) {
        return counts.getOrDefault(call, 0);
    }

    int counted() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** The calls whose planned failures have not happened. */
    List<NativeCall> outstanding() {
        List<NativeCall> calls = new ArrayList<>();
        failures.forEach((call, planned) -> planned.forEach(errno -> calls.add(call)));
        return calls;
    }
}
