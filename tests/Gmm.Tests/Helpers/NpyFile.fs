/// Files of NumPy made by hand.
module Gmm.Tests.NpyFile

open System
open System.Text

/// A file with a header, whose line is ended here, and some bytes of numbers.
let npy (header: string) (content: byte[]) =
    let text = header + "\n"

    Array.concat
        [ [| 0x93uy |]
          "NUMPY"B
          [| 1uy; 0uy; byte text.Length; byte (text.Length >>> 8) |]
          Encoding.ASCII.GetBytes text
          content ]

/// The bytes of numbers in float64.
let doubles (numbers: float list) = numbers |> Seq.collect BitConverter.GetBytes |> Array.ofSeq
