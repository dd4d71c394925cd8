namespace Gmm

open System
open MathNet.Numerics.Statistics

/// Order statistics, of which the median is one.
module internal OrderStatistic =
    /// The fewest numbers of which a sample narrows the search.
    let private fewest = 512

    /// The size of the sample.
    let private sampled = 128

    /// How many places of the sample lie between the one wanted and each bound of the search: three standard
    /// deviations of the place of a median.
    let private slack = 17

    let private search place (numbers: float[]) = ArrayStatistics.OrderStatisticInplace(Array.copy numbers, place)

    /// Returns the number at a place, counted from 1, of the numbers in ascending order. It searches only those between
    /// two numbers of a sample, as Floyd and Rivest (1975) do, and all of them if the place lies elsewhere.
    let rec at (place: int) (numbers: float[]) : float =
        let count = numbers.Length

        if count < fewest then
            search place numbers
        else
            let sample = Array.init sampled (fun i -> numbers[i * count / sampled])
            Array.sortInPlace sample
            let middle = place * sampled / count
            let low, high = sample[max 0 (middle - slack)], sample[min (sampled - 1) (middle + slack)]
            let between = Array.zeroCreate count
            let mutable below, found = 0, 0

            // Without branches, which no processor could predict.
            for number in numbers do
                between[found] <- number
                below <- below + Convert.ToInt32(number < low)
                found <- found + (Convert.ToInt32(number >= low) &&& Convert.ToInt32(number <= high))

            if below < place && place <= below + found && found <= count / 2 then
                at (place - below) (Array.sub between 0 found)
            else
                search place numbers
