/// Archives of NumPy: scikit-learn scores ours as we do, and we score its.
module Gmm.Tests.NpzTests

open System
open System.Globalization
open System.IO
open System.IO.Compression
open System.Text
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.NpyFile
open Gmm.Tests.Support

let private iris = lazy DataSet.iris ()

let private irisFit structure =
    iris.Value.Source
    |> Gmm.fit
        { Gmm.defaults with
            Components = 3
            Family.Structure = structure
            MaxIterations = 20
            Execution = oneThread }
    |> ok

let private writeCsv (path: string) (rows: float[][]) =
    let line (row: float[]) =
        row |> Seq.map (fun x -> x.ToString("R", CultureInfo.InvariantCulture)) |> String.concat ","

    File.WriteAllLines(path, Array.map line rows)

/// Whether log-densities agree to 1e-12 relative, counting from 1: what is near 0 is the difference of numbers that are not.
let private nearDensities (expected: float[]) (actual: float[]) =
    Assert.Equal(expected.Length, actual.Length)

    for i in 0 .. expected.Length - 1 do
        near (1e-12 * max 1.0 (abs expected[i])) $"ln p of row {i}" expected[i] actual[i]

// ── scikit-learn ────────────────────────────────────────────────────────────────────────────────────────────────────

let structureNames = List.map Structure.name Structure.all

[<Tests>]
let ``scikit-learn`` =
    testList
        "Npz: scikit-learn"
        [ testTheory "scikit-learn scores what is exported as we do" structureNames (fun (structure: string) ->
              let fit = irisFit (Structure.parse structure |> ok)

              inFolder (fun folder ->
                  let archive, rows = Path.Combine(folder, "model.npz"), Path.Combine(folder, "rows.csv")
                  Npz.export archive fit.Mixture |> ok
                  writeCsv rows iris.Value.Rows

                  nearDensities
                      (Predict.logDensities fit iris.Value.Source |> ok)
                      (Python.numbers "score.py" [ archive; rows ])))
          testTheory
              "what scikit-learn fitted scores here as there"
              [ "full", "savez", ""
                "tied", "savez", "precisions_cholesky_"
                "diag", "savez_compressed", "precisions_cholesky_"
                "spherical", "savez_compressed", "" ]
              (fun (structure: string, save: string, without: string) ->
                  inFolder (fun folder ->
                      let archive, rows = Path.Combine(folder, "model.npz"), Path.Combine(folder, "rows.csv")
                      writeCsv rows iris.Value.Rows
                      let expected = Python.numbers "fit.py" [ archive; rows; structure; "3"; save; "f8"; without ]
                      let mixture = Npz.import archive |> ok
                      Assert.Equal(Structure.parse structure |> ok, mixture.Parameters.Structure)
                      let fit = Fit.ofMixture Gaussian.family mixture
                      nearDensities expected (Predict.logDensities fit iris.Value.Source |> ok)))
          testTheory
              "as many components as features: the precisions tell diag from tied"
              [ "tied"; "diag" ]
              (fun (structure: string) ->
                  inFolder (fun folder ->
                      let archive, rows = Path.Combine(folder, "model.npz"), Path.Combine(folder, "rows.csv")
                      writeCsv rows iris.Value.Rows
                      let expected = Python.numbers "fit.py" [ archive; rows; structure; "4"; "savez"; "f8"; "" ]
                      let mixture = Npz.import archive |> ok
                      Assert.Equal(Structure.parse structure |> ok, mixture.Parameters.Structure)
                      let fit = Fit.ofMixture Gaussian.family mixture
                      nearDensities expected (Predict.logDensities fit iris.Value.Source |> ok)

                      Python.numbers "fit.py" [ archive; rows; structure; "4"; "savez"; "f8"; "precisions_cholesky_" ]
                      |> ignore

                      Assert.Contains("may be diag or tied", (error (Npz.import archive)).Message)
                      Assert.Equal(mixture, Npz.importAs (Structure.parse structure |> ok) archive |> ok)))
          testCase "single precision is read" (fun () ->
              inFolder (fun folder ->
                  let archive, rows = Path.Combine(folder, "model.npz"), Path.Combine(folder, "rows.csv")
                  writeCsv rows iris.Value.Rows
                  let expected = Python.numbers "fit.py" [ archive; rows; "full"; "3"; "savez"; "f4"; "" ]
                  let fit = Fit.ofMixture Gaussian.family (Npz.import archive |> ok)
                  let actual = Predict.logDensities fit iris.Value.Source |> ok
                  // Covariances of a condition number of 50 or so lose some of seven digits.
                  Assert.True(Array.forall2 (fun a b -> abs (a - b) < 1e-4 * (1.0 + abs a)) expected actual))) ]

// ── There and back ──────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``there and back`` =
    testList
        "Npz: there and back"
        [ testCase
              "what is exported is imported with the same means and covariances, the structures of scikit-learn with their name"
              (fun () ->
                  inFolder (fun folder ->
                      let archive = Path.Combine(folder, "model.npz")

                      forAll 100 mixtures (fun case ->
                          Npz.export archive case.Mixture |> ok
                          let again = Npz.import archive |> ok
                          let before, after = case.Mixture.Parameters, again.Parameters

                          let structure =
                              match case.Structure with
                              | TiedDiag
                              | TiedSpherical -> TiedFull
                              | VEI
                              | EVI -> Diag
                              | VEE
                              | EVE
                              | VVE
                              | EEV
                              | VEV
                              | EVV -> Full
                              | Full
                              | Diag
                              | Spherical
                              | TiedFull -> case.Structure

                          after.Structure = structure
                          && bits (after.Means.toArray ()) = bits (before.Means.toArray ())
                          && List.forall
                              (fun k -> Gaussian.covariance after k = Gaussian.covariance before k)
                              [ 0 .. case.Components - 1 ]
                          && allWithin 1e-15 1.0 case.Mixture.Weights again.Weights))) ]

// ── Archives by hand ────────────────────────────────────────────────────────────────────────────────────────────────

let private array (shape: string) (numbers: float list) =
    npy $"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}" (doubles numbers)

let private parts =
    [ "weights_", array "(2,)" [ 0.25; 0.75 ]
      "means_", array "(2, 1)" [ 1.0; 2.0 ]
      "covariances_", array "(2, 1, 1)" [ 0.5; 4.0 ] ]

/// What importing an archive with some arrays in place of others gives.
let private importOf (changes: (string * byte[]) list) : Result<Mixture<Gaussian>, GmmError> =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "model.npz")

        do
            use archive = new ZipArchive(File.Create path, ZipArchiveMode.Create)

            for name, content in
                parts
                |> List.filter (fun (name, _) -> not (List.exists (fst >> (=) name) changes))
                |> List.append changes do
                if content.Length > 0 then
                    use entry = archive.CreateEntry(name + ".npy").Open()
                    entry.Write(content.AsSpan())

        Npz.import path)

let private reason changes =
    match importOf changes with
    | Error(UnreadableFile(_, 0, 0, reason)) -> reason
    | other -> failwith $"%A{other}"

let private header descr order shape = $"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"

/// The bytes of integers of 64 bits.
let private longs (numbers: int64 list) = numbers |> Seq.collect BitConverter.GetBytes |> Array.ofSeq

let private wrong: (string * (string * byte[]) list) list =
    [ "It has no means_; it has weights_, covariances_. Save it with numpy.savez(", [ "means_", [||] ]
      "means_: Its numbers must be floating-point numbers, integers or Booleans of at most 8 bytes, but are <c8;",
      [ "means_", npy (header "'<c8'" "False" "(2, 1)") (doubles [ 1.0; 2.0 ]) ]
      "means_: Number 1 (counting from 0) holds 9007199254740993, which no float64 equals;",
      [ "means_", npy (header "'<i8'" "False" "(2, 1)") (longs [ 1L; 9007199254740993L ]) ]
      "means_: Its numbers must be floating-point numbers, integers or Booleans of at most 8 bytes, but are |O;",
      [ "means_", npy (header "'|O'" "False" "(2, 1)") (doubles [ 1.0; 2.0 ]) ]
      "means_: It is not an .npy file", [ "means_", "a,b\n1,2\n"B ]
      "means_: It is not an .npy file", [ "means_", "\x00"B ]
      "means_: It ends before the end of its header.", [ "means_", (array "(2, 1)" [])[..30] ]
      "means_: It has version 4", [ "means_", Array.concat [ [| 0x93uy |]; "NUMPY"B; [| 4uy; 0uy; 0uy; 0uy |] ] ]
      "means_: Its header claims 4294967295 bytes; at most 65536 are read.",
      [ "means_", Array.concat [ [| 0x93uy |]; "NUMPY"B; [| 2uy; 0uy; 255uy; 255uy; 255uy; 255uy |] ] ]
      "means_: Its header has no valid 'descr'", [ "means_", npy "{}" [||] ]
      "means_: Its header has no valid 'shape'", [ "means_", npy "{'descr': '<f8', 'fortran_order': False}" [||] ]
      "means_: Its shape must consist of whole numbers from 0, but has -1.", [ "means_", array "(-1, 2)" [] ]
      "means_: Its shape must consist of whole numbers from 0, but has 2e9.", [ "means_", array "(2e9, 2)" [] ]
      "means_: Its shape 4294967296×4294967296 has too many numbers.", [ "means_", array "(4294967296, 4294967296)" [] ]
      "means_ claims 100000×100000 numbers, more than the limit of 67108864.", [ "means_", array "(100000, 100000)" [] ]
      "means_ is damaged: it has ", [ "means_", array "(2, 1)" [ 1.0 ] ]
      "means_ is damaged: it has ", [ "means_", array "(2, 1)" [ 1.0; 2.0; 3.0 ] ]
      "means_ must be finite, but has NaN.", [ "means_", array "(2, 1)" [ 1.0; nan ] ]
      "means_ must be K×D, but has shape 2.", [ "means_", array "(2,)" [ 1.0; 2.0 ] ]
      "means_ must be K×D, but has shape 0×1.", [ "means_", array "(0, 1)" [] ]
      "weights_ must be 2 numbers, one for each row of means_, but has shape 3.",
      [ "weights_", array "(3,)" [ 0.5; 0.25; 0.25 ] ]
      "weights_ must sum to 1, but their sum is 0.75.", [ "weights_", array "(2,)" [ 0.5; 0.25 ] ]
      "Weights[1] must be finite and not negative, but is -0.5.", [ "weights_", array "(2,)" [ 1.5; -0.5 ] ]
      "covariances_ has shape 3×1×1, which no structure has for 2 components of 1 feature.",
      [ "covariances_", array "(3, 1, 1)" [ 1.0; 1.0; 1.0 ] ]
      "covariances must be symmetric and positive definite", [ "covariances_", array "(2, 1, 1)" [ 1.0; -1.0 ] ]
      "covariance_type: must be text, but is <f8", [ "covariance_type", array "()" [ 1.0 ] ]
      "covariance_type: Structure must be one of full",
      [ "covariance_type", npy (header "'<U3'" "False" "()") (Encoding.UTF32.GetBytes "odd") ]
      "covariances_ of diag must have shape 2×1, but has 2×1×1.",
      [ "covariance_type", npy (header "'<U4'" "False" "()") (Encoding.UTF32.GetBytes "diag") ]
      "It has means_ twice.", [ "means_", array "(2, 1)" [ 1.0; 2.0 ]; "means_", array "(2, 1)" [ 1.0; 2.0 ] ] ]

/// What importing some bytes as an archive gives.
let private importBytes (path: string) (bytes: byte[]) : Result<Mixture<Gaussian>, GmmError> =
    File.WriteAllBytes(path, bytes)

    match Npz.import path with
    | Ok mixture -> Ok mixture
    | Error(UnreadableFile(named, 0, 0, _) as error) when named = path -> Error error
    | Error error -> failwith error.Message

/// The bits of all parameters of a mixture, and its structure.
let private allBits (mixture: Mixture<Gaussian>) =
    let gaussian = mixture.Parameters

    gaussian.Structure,
    bits mixture.Weights,
    bits (gaussian.Means.toArray ()),
    bits (gaussian.Covariances.toArray ()),
    bits (gaussian.InverseFactors.toArray ())

/// A small mixture, so that the archive has few bytes and every one of them can be changed.
let private small structure =
    { Gmm.defaults with
        Components = 2
        Family.Structure = structure
        MaxIterations = 5 }
    |> fun options ->
        Gmm.fit options (sourceOf [| for n in 0..19 -> [| sin (float n); float (n % 3) + cos (float n) |] |])
    |> ok

[<Tests>]
let ``archives by hand`` =
    testList
        "Npz: archives by hand"
        [ testCase "an archive made by hand is read" (fun () ->
              let mixture = importOf [] |> ok
              Assert.Equal<float>([| 0.25; 0.75 |], mixture.Weights)

              Assert.Equal(
                  Gaussian.create Full (array2D [ [ 1.0 ]; [ 2.0 ] ]) (Tensor.create [| 2; 1; 1 |] [| 0.5; 4.0 |])
                  |> ok,
                  mixture.Parameters
              ))
          testCase "keys of a header may come in any order, and one vector is the same in either order" (fun () ->
              let header = "{'shape': (2,), 'fortran_order': True, 'descr': '<f8'}"

              Assert.Equal<float>(
                  [| 0.5; 0.5 |],
                  (importOf [ "weights_", npy header (doubles [ 0.5; 0.5 ]) ] |> ok).Weights
              ))
          testCase "integers, numbers in the other order of bytes, and arrays in Fortran order are read" (fun () ->
              let swapped = doubles [ 0.25; 0.75 ] |> Array.chunkBySize 8 |> Array.collect Array.rev
              // Covariances (2×2×2), the first index running fastest: [[2, 1], [1, 3]] and [[5, −1], [−1, 4]].
              let covariances = doubles [ 2.0; 5.0; 1.0; -1.0; 1.0; -1.0; 3.0; 4.0 ]

              let mixture =
                  importOf
                      [ "weights_", npy (header "'>f8'" "False" "(2,)") swapped
                        "means_", npy (header "'<i8'" "True" "(2, 2)") (longs [ 1L; 3L; 2L; 4L ])
                        "covariances_", npy (header "'<f8'" "True" "(2, 2, 2)") covariances ]
                  |> ok

              Assert.Equal<float>([| 0.25; 0.75 |], mixture.Weights)
              let expected = Tensor.create [| 2; 2; 2 |] [| 2.0; 1.0; 1.0; 3.0; 5.0; -1.0; -1.0; 4.0 |]

              Assert.Equal(
                  Gaussian.create Full (array2D [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]) expected |> ok,
                  mixture.Parameters
              ))
          testCase "an archive that is none of a mixture is refused with what is wrong" (fun () ->
              for expected, changes in wrong do
                  Assert.StartsWith(expected, reason changes)

              let asymmetric = array "(1, 2, 2)" [ 1.0; 0.5; 0.4; 1.0 ]

              Assert.Equal(
                  "covariances_ must be symmetric.",
                  reason
                      [ "weights_", array "(1,)" [ 1.0 ]
                        "means_", array "(1, 2)" [ 1.0; 2.0 ]
                        "covariances_", asymmetric ]
              ))
          testCase "a file that is missing, a folder, no archive" (fun () ->
              inFolder (fun folder ->
                  let reason path =
                      match Npz.import path with
                      | Error(UnreadableFile(named, 0, 0, reason)) when named = path -> reason
                      | other -> failwith $"%A{other}"

                  let path = Path.Combine(folder, "model.npz")
                  Assert.Equal("There is no such file.", reason path)
                  Assert.Equal("This is a folder, not a file.", reason folder)
                  File.WriteAllText(path, "no archive")
                  Assert.StartsWith("It is not a complete .npz archive: ", reason path)))
          testCase "a cut archive is an error" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "model.npz")
                  Npz.export path (irisFit Diag).Mixture |> ok
                  let whole = File.ReadAllBytes path

                  for length in 0..7 .. whole.Length - 1 do
                      Assert.True(Result.isError (importBytes path whole[.. length - 1]))))
          testTheory
              "an archive with any byte changed is an error or has the same parameters, to the last bit"
              structureNames
              (fun (structure: string) ->
                  inFolder (fun folder ->
                      let path = Path.Combine(folder, "model.npz")
                      Npz.export path (small (Structure.parse structure |> ok)).Mixture |> ok
                      let whole = File.ReadAllBytes path
                      let expected = allBits (Npz.import path |> ok)
                      let random = Random 4

                      for place in 0 .. whole.Length - 1 do
                          let bytes = Array.copy whole
                          bytes[place] <- bytes[place] ^^^ byte (random.Next(1, 256))

                          match importBytes path bytes with
                          | Ok mixture ->
                              Assert.True(
                                  (allBits mixture = expected),
                                  $"byte {place} of {whole.Length} changes the model"
                              )
                          | Error _ -> ()))
          testCase
              "a compressed archive with any byte changed is an error or has the same parameters, to the last bit"
              (fun () ->
                  inFolder (fun folder ->
                      let stored, path = Path.Combine(folder, "stored.npz"), Path.Combine(folder, "model.npz")
                      Npz.export stored (small Full).Mixture |> ok
                      let expected = allBits (Npz.import stored |> ok)

                      do
                          use from = ZipFile.OpenRead stored
                          use archive = new ZipArchive(File.Create path, ZipArchiveMode.Create)

                          for entry in from.Entries do
                              use content = entry.Open()
                              use target = archive.CreateEntry(entry.FullName, CompressionLevel.SmallestSize).Open()
                              content.CopyTo target

                      let whole = File.ReadAllBytes path
                      Assert.Equal(expected, allBits (Npz.import path |> ok))

                      for place in 0 .. whole.Length - 1 do
                          let bytes = Array.copy whole
                          bytes[place] <- bytes[place] ^^^ (1uy <<< place % 8)

                          match importBytes path bytes with
                          | Ok mixture ->
                              Assert.True(
                                  (allBits mixture = expected),
                                  $"bit {place % 8} of byte {place} changes the model"
                              )
                          | Error _ -> ()))
          testCase "a number changed without its checksum is an error that says so" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "model.npz")
                  Npz.export path (small Full).Mixture |> ok
                  let bytes = File.ReadAllBytes path
                  let mean = (Npz.import path |> ok).Parameters.Means.toArray()[0] |> BitConverter.GetBytes
                  let place = bytes.AsSpan().IndexOf(ReadOnlySpan mean)
                  bytes[place] <- bytes[place] ^^^ 1uy

                  Assert.Equal(
                      $"{path}: means_ is damaged: its checksum is wrong.",
                      (error (importBytes path bytes)).Message
                  ))) ]
