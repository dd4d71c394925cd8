/// What the tests of tables share: numbers, the values of sources, and damaged files.
module Gmm.Tables.Tests.Tables

open System
open System.Globalization
open System.IO
open Gmm
open Gmm.Tests
open Gmm.Tests.Support

let number i = sin (float i) + float (i % 3)

/// Columns of numbers as rows.
let rows (columns: float[] list) =
    [| for i in 0 .. columns.Head.Length - 1 do
           for column in columns do
               column[i] |]

/// All numbers of a source, row by row.
let values (source: Source) : float[] =
    if source.Rows = 0L then
        [||]
    else
        source |> Source.collect Execution.Default _.Values.ToArray()

/// The numbers of a block if they are float32.
let single (block: Block) : float32[] =
    match block.Numbers with
    | Numbers.Float32 values -> values.ToArray()
    | Numbers.Float64 _ -> failwith "float64"

/// Fits with missing cells in few iterations; the result is comparable.
let fewIterations (source: Source) =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            MaxIterations = 3
            Missing = Missing.Fit }
        source
    |> ok
    |> Persist.toState

/// Unscaled numbers of decimals with some digits, with both signs.
let unscaled digits count : bigint[] =
    let random = Random 5

    Array.init count (fun i ->
        let digit j = if j = 0 then random.Next(1, 10) else random.Next 10
        let text = String.Join("", Array.init (1 + i % digits) digit)
        if random.Next 2 = 0 then bigint.Parse text else -(bigint.Parse text))

/// Runs work in a culture that writes −1,5, as the Swedish one does.
let inOtherCulture (work: unit -> 'T) : 'T =
    let before = CultureInfo.CurrentCulture
    let other = CultureInfo.InvariantCulture.Clone() :?> CultureInfo
    other.NumberFormat.NegativeSign <- "−"
    other.NumberFormat.NumberDecimalSeparator <- ","
    CultureInfo.CurrentCulture <- other

    try
        work ()
    finally
        CultureInfo.CurrentCulture <- before

/// The float64 nearest to unscaled·10⁻ˢᶜᵃˡᵉ, by its text.
let nearest scale (unscaled: bigint) = float (FormattableString.Invariant $"{unscaled}E-{scale}")

/// Damages a file `count` times, in up to four bytes from a place on (trial after trial), and reads it: it has numbers,
/// as no reader can tell damaged numbers, or an error that names it.
let damaging count (first: int -> int) (path: string) (read: string -> Result<unit, GmmError>) =
    let content, random = File.ReadAllBytes path, Random 1

    for trial in 1..count do
        let damaged = Array.copy content

        for _ in 0 .. random.Next 4 do
            damaged[random.Next(first trial, damaged.Length)] <- byte (random.Next 256)

        File.WriteAllBytes(path, damaged)

        match read path with
        | Ok() -> ()
        | Error error -> Assert.StartsWith(path + ": ", error.Message)

/// Reads all numbers of a source, of which some may be an error.
let readAll (source: Source) : Result<unit, GmmError> =
    try
        values source |> ignore
        Ok()
    with :? GmmException as trouble ->
        Error trouble.Error
