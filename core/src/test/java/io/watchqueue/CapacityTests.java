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
package io.watchqueue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CapacityTests {

    @ParameterizedTest(name = "{0} on pages of {1} bytes, Linux {2}: {3}")
    @CsvSource({
        "1,4096,6.1.0-28-amd64,32",
        "32,4096,6.1.0,32",
        "33,4096,5.17.0,64",
        "65,4096,5.17.0-rc8,96",
        "512,4096,6.1.0,512",
        "1,16384,6.12.1,128",
        "129,16384,7.3.4,256",
        "1,65536,6.1.0,512",
        "512,65536,6.1.0,512",
        "65,4096,5.16.14,128",
        "97,4096,5.15.0-generic,128",
        "1,4096,5.8.0,32",
        "500,4096,5.14.0-427.el9.x86_64,512",
        "65,4096,4.19.0,128",
        "65,4096,next,96",
        "65,4096,10.0,96",
        "65,4096,'',96",
        "65,4096,5,96",
        "65,4096,99999999999.1,96",
        "65,4096,5.99999999999,96"
    })
    void requestsWholePagesAndFromOldKernelsPowersOfTwo(
            int capacity, int pageSize, String release, int slots) {
        assertThat(Capacity.slots(capacity, pageSize, release)).isEqualTo(slots);
    }

    @ParameterizedTest(name = "{0} granted, pipe size {1}: {2}")
    @CsvSource({
        "96,12288,96", // since CVE-2025-23138
        "96,65536,96", // before: of the 16 pages of a new pipe
        "64,262144,64", // before 5.16.15: of a page for each slot
        "512,65536,512"
    })
    void isNoMoreThanWasGrantedEvenIfThePipeIsLarger(int slots, int pipeSize, int effective) {
        assertThat(Capacity.effective(slots, pipeSize)).isEqualTo(effective);
    }
}
