/// What the packages for tables share: cells as numbers, and the readers of files.
module Gmm.Tests.TablesTests

open System
open System.IO
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Decimals ────────────────────────────────────────────────────────────────────────────────────────────────────────

let private digits count (random: Random) =
    String(Array.init count (fun i -> if i = 0 then char (49 + random.Next 9) else char (48 + random.Next 10)))

/// A number unscaled·10⁻ˢᶜᵃˡᵉ: any, or one that lies on the middle of two float64, or next to it.
let private scaled (mostDigits: int) (mostScale: int) : Arbitrary<struct (bigint * int)> =
    let draw _ (random: Random) =
        let sign = if random.Next 2 = 0 then 1I else -1I

        if random.Next 2 = 0 then
            struct (sign * bigint.Parse(digits (1 + random.Next mostDigits) random), random.Next(mostScale + 1))
        else
            // Odd numbers of 54 bits lie on the middle.
            let middle = bigint (random.NextInt64(1L <<< 53, 1L <<< 54) ||| 1L)
            let zeros = random.Next(min mostScale (mostDigits - 17) + 1)
            struct (sign * (middle * bigint.Pow(10I, zeros) + bigint (random.Next(-1, 2))), zeros)

    Arb.fromGen (drawing draw)

/// Whether a float64 is the one nearest to unscaled·10⁻ˢᶜᵃˡᵉ, by whole numbers alone.
let private isNearest (struct (unscaled: bigint, scale: int)) (number: float) =
    /// x·2¹⁰⁷⁴, which is whole.
    let whole (x: float) =
        let bits = BitConverter.DoubleToInt64Bits(abs x)
        let exponent, fraction = int (bits >>> 52), bigint (bits &&& ((1L <<< 52) - 1L))

        if exponent = 0 then
            fraction * bigint (sign x)
        else
            bigint (sign x) * (fraction + bigint (1L <<< 52)) * bigint.Pow(2I, exponent - 1)

    // Both sides are multiplied by 2¹⁰⁷⁵·10ˢᶜᵃˡᵉ.
    let value = unscaled * bigint.Pow(2I, 1075)
    let middle other = (whole number + whole other) * bigint.Pow(10I, scale)
    let below, above = middle (Math.BitDecrement number), middle (Math.BitIncrement number)
    let isEven = BitConverter.DoubleToInt64Bits number &&& 1L = 0L

    if isEven then
        below <= value && value <= above
    else
        below < value && value < above

[<Tests>]
let decimals =
    testList
        "Tables: decimals"
        [ testForAll
              2000
              "a number of many digits becomes the nearest float64, or the even one"
              (scaled 45 60)
              (fun number ->
                  let struct (unscaled, scale) = number
                  Cells.ofScaled unscaled scale |> isNearest number)
          testForAll 2000 "so does a decimal" (scaled 28 28) (fun number ->
              let struct (unscaled, scale) = number
              let bits = Decimal.GetBits(decimal (abs unscaled))
              let value = Decimal(bits[0], bits[1], bits[2], unscaled.Sign < 0, byte scale)
              Cells.ofDecimal value |> isNearest number && Cells.toFloat64 (box value) |> isNearest number)
          testCase "the largest, the smallest and powers of ten" (fun () ->
              Assert.Equal(79228162514264337593543950335.0, Cells.ofDecimal Decimal.MaxValue)
              Assert.Equal(-79228162514264337593543950335.0, Cells.ofDecimal Decimal.MinValue)
              Assert.Equal(1e-28, Cells.ofDecimal 0.0000000000000000000000000001m)
              Assert.Equal(0.0, Cells.ofDecimal 0.000m)
              Assert.Equal(9007199254740992.0, Cells.ofScaled 9007199254740993I 0)
              Assert.Equal(1.5e6, Cells.ofScaled 15I -5)

              for scale in 0..40 do
                  Assert.Equal(Double.Parse $"1E-{scale}", Cells.ofScaled 1I scale)) ]

// ── Joined numbers ──────────────────────────────────────────────────────────────────────────────────────────────────

let private pieces: Arbitrary<bool[] * int[]> =
    let draw _ (random: Random) =
        let count = 1 + random.Next 6
        let kind = random.Next 3

        Array.init count (fun _ -> kind = 1 || kind = 2 && random.Next 2 = 0),
        Array.init count (fun _ -> random.Next 50)

    Arb.fromGen (drawing draw)

[<Tests>]
let joined =
    testList
        "Tables: joined pieces"
        [ testForAll 300 "pieces are joined in their order, float32 only if all are" pieces (fun (areSingle, lengths) ->
              let number p i = float32 (100 * p + i) / 8.0f

              let joined =
                  Array.init areSingle.Length (fun p ->
                      if areSingle[p] then
                          Array.init lengths[p] (number p) |> ReadOnlyMemory |> Numbers.Float32
                      else
                          Array.init lengths[p] (number p >> float) |> ReadOnlyMemory |> Numbers.Float64)
                  |> Contiguous.joinNumbers

              let isSingle =
                  match joined with
                  | Numbers.Float32 _ -> true
                  | Numbers.Float64 _ -> false

              let expected = [| for p in 0 .. lengths.Length - 1 -> Array.init lengths[p] (number p >> float) |]
              isSingle = Array.forall id areSingle && joined.ToFloat64().ToArray() = Array.concat expected)
          testCase "pieces that aren't adjacent are copied once, and adjacent ones never" (fun () ->
              let whole = Array.init 2_000_000 float
              let piece first = ReadOnlyMemory(whole, first, 500_000)
              let single = Array.zeroCreate<float32> 500_000 |> ReadOnlyMemory |> Numbers.Float32

              let allocated (pieces: Numbers[]) =
                  let before = GC.GetAllocatedBytesForCurrentThread()
                  Contiguous.joinNumbers pieces |> ignore
                  GC.GetAllocatedBytesForCurrentThread() - before

              let float64 = piece >> Numbers.Float64
              // The numbers, and some small objects.
              let copied = 8L * 1_000_000L
              Assert.InRange(allocated [| float64 0; float64 1_000_000 |], copied, copied + 10_000L)
              Assert.InRange(allocated [| float64 0; single |], copied, copied + 10_000L)
              Assert.InRange(allocated [| single; single |], copied / 2L, copied / 2L + 10_000L)
              Assert.InRange(allocated [| float64 0; float64 500_000 |], 0L, 10_000L)) ]

// ── Readers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A reader of a file that may fail to close.
[<Sealed>]
type private Reader(stream: Stream, closing: unit -> unit) =
    member _.Stream = stream

    member _.Close() =
        stream.Dispose()
        closing ()

/// Readers of files, and how often one was opened and closed.
let private counted closing =
    let opened, closed = ref 0, ref 0

    let readers =
        new Readers<Reader>(
            (fun stream ->
                opened.Value <- opened.Value + 1
                Reader(stream, closing)),
            fun reader ->
                closed.Value <- closed.Value + 1
                reader.Close()
        )

    readers, opened, closed

let private withFile (work: string -> unit) =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "rows")
        File.WriteAllText(path, "rows")
        work path)

[<Tests>]
let readers =
    testList
        "Tables: readers"
        [ testCase "a reader is used again, and closed at the end" (fun () ->
              withFile (fun path ->
                  let readers, opened, closed = counted ignore

                  for _ in 1..3 do
                      Assert.Equal(4L, readers.Use(path, _.Stream.Length))

                  Assert.Equal((1, 0), (opened.Value, closed.Value))
                  Assert.False(isFree path)
                  (readers :> IDisposable).Dispose()
                  Assert.Equal((1, 1), (opened.Value, closed.Value))
                  Assert.True(isFree path)
                  Assert.Throws<ObjectDisposedException>(fun () -> readers.Use(path, ignore)) |> ignore))
          testCase
              "work that fails closes its reader; its own failure is reported, even if closing fails too"
              (fun () ->
                  withFile (fun path ->
                      let readers, opened, closed = counted (fun () -> raise (IOException "closing"))
                      use _ = readers
                      let failing () = readers.Use(path, (fun _ -> raise (InvalidDataException "work")))
                      Assert.Equal("work", Assert.Throws<InvalidDataException>(failing).Message)
                      Assert.Equal((1, 1), (opened.Value, closed.Value))
                      Assert.True(isFree path)))
          testCase "a reader that can't be made leaves no file open" (fun () ->
              withFile (fun path ->
                  use readers = new Readers<Reader>((fun _ -> raise (InvalidDataException "no reader")), _.Close())
                  Assert.Throws<InvalidDataException>(fun () -> readers.Use(path, ignore)) |> ignore
                  Assert.True(isFree path)))
          testCase "about as many readers stay open as there are processors" (fun () ->
              inFolder (fun folder ->
                  let count = Environment.ProcessorCount + 3
                  let readers, opened, closed = counted ignore
                  let path i = Path.Combine(folder, string i)

                  for i in 1..count do
                      File.WriteAllText(path i, "rows")
                      readers.Use(path i, ignore)

                  Assert.Equal((count, 3), (opened.Value, closed.Value))
                  Assert.True(isFree (path 1) && not (isFree (path count)))
                  (readers :> IDisposable).Dispose()
                  Assert.Equal((count, count), (opened.Value, closed.Value))))
          testCase "sizes that no array can have are errors that name the file and the group" (fun () ->
              let message columns rows =
                  Assert
                      .Throws<GmmException>(fun () -> FormatFiles.requireSizes "Row group" columns "a.file" rows)
                      .Message

              FormatFiles.requireSizes "Row group" 2 "a.file" [| 0L; int64 (Array.MaxLength / 2) |]

              Assert.Equal(
                  "a.file: Row group 1 (counting from 0) has -1 rows: the file is damaged.",
                  message 1 [| 0L; -1L |]
              )

              let found = "Row group 0 (counting from 0) has 2000000000 rows, more than 1073741795 for 2 columns."
              let remedy = "Save it with fewer rows in each row group, or choose fewer columns."
              Assert.Equal($"a.file: {found} {remedy}", message 2 [| 2_000_000_000L |])) ]
