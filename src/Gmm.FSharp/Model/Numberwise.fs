namespace Gmm

open Microsoft.FSharp.Core.OptimizedClosures

// Functions of tensors and of blocks that also work on one number at a time. With them, the prediction of a single row needs
// neither a tensor nor a block.

/// A statistic T of tensors that also works on one number.
[<Sealed>]
type internal NumberwiseStatistic(size: int, number: float -> int -> float, ofTensor: Tensor -> Tensor) =
    inherit FSharpFunc<Tensor, Tensor>()

    let adapted = FSharpFunc<float, int, float>.Adapt number

    /// The number of values of T(x), S.
    member _.Size = size

    /// Returns value s of T(x).
    member _.Number(x: float, s: int) : float = adapted.Invoke(x, s)

    /// Returns the same statistic, with a function of tensors after it.
    member _.Then(next: Tensor -> Tensor) = NumberwiseStatistic(size, number, ofTensor >> next)

    /// The statistic as a function of tensors. (The compiler doesn't know that functions have subtypes.)
    member statistic.Function: Tensor -> Tensor = unbox (box statistic)

    override _.Invoke x = ofTensor x

/// Makes statistics that also work on one number.
module internal NumberwiseStatistic =
    /// T(x) = x.
    let identity: Tensor -> Tensor = NumberwiseStatistic(1, (fun x _ -> x), _.unsqueeze(2)).Function

    /// Returns T(x) = ax + b, with S numbers a and b.
    let affine (a: float[]) (b: float[]) : Tensor -> Tensor =
        let ofTensor (x: Tensor) = x.unsqueeze 2 * x.like ([| a.Length |], a) + x.like ([| b.Length |], b)
        NumberwiseStatistic(a.Length, (fun x s -> x * a[s] + b[s]), ofTensor).Function

    /// Returns the one-hot vector of x, one of the levels 0 … L − 1.
    let oneHot (levels: int) : Tensor -> Tensor =
        let codes = Array.init levels float

        let ofTensor (x: Tensor) =
            let shape = [| x.shape[0]; x.shape[1]; levels |]
            (x.unsqueeze 2).expand(shape).eq((x.like ([| levels |], codes)).expand shape)

        NumberwiseStatistic(levels, (fun x s -> if x = codes[s] then 1.0 else 0.0), ofTensor).Function

    /// Returns T(x) = (T₁(x), …, T_S(x)), each a function of a number and the same function of tensors.
    let stack (parts: ((float -> float) * (Tensor -> Tensor)) list) : Tensor -> Tensor =
        let numbers = parts |> List.map fst |> Array.ofList
        let units = Array.init numbers.Length (fun s -> Array.init numbers.Length (fun i -> if i = s then 1.0 else 0.0))

        let ofTensor (x: Tensor) =
            parts
            |> List.mapi (fun s (_, part) -> (part x).unsqueeze 2 * x.like ([| numbers.Length |], units[s]))
            |> List.reduce (+)

        NumberwiseStatistic(numbers.Length, (fun x s -> numbers[s] x), ofTensor).Function

    /// Returns the statistic as one row of D·S numbers for each row (n×D).
    let flat (statistic: Tensor -> Tensor) : Tensor -> Tensor =
        let ofRows (t: Tensor) = t.view [| t.shape[0]; t.shape[1] * t.shape[2] |]

        match box statistic with
        | :? NumberwiseStatistic as known -> (known.Then ofRows).Function
        | _ -> statistic >> ofRows

/// A test of the numbers of one column; null where any number passes.
type internal ColumnTest = System.Predicate<float>

/// The misfit of a family whose domain restricts each number by itself, so that a test of each column decides.
[<Sealed>]
type internal NumberwiseMisfit<'θ>(tests: 'θ -> ColumnTest[], misfit: 'θ -> Block -> GmmError option) =
    inherit FSharpFunc<'θ, Block -> GmmError option>()

    /// Returns the test of every column (D).
    member _.Tests(parameters: 'θ) : ColumnTest[] = tests parameters

    /// The misfit as a function.
    member domain.Function: 'θ -> Block -> GmmError option = unbox (box domain)

    override _.Invoke parameters = misfit parameters

/// Makes misfits that also have tests of columns.
module internal NumberwiseMisfit =
    /// Returns the misfit of a family whose domain has all numbers; `features` gives D.
    let none (features: 'θ -> int) : 'θ -> Block -> GmmError option =
        let tests parameters : ColumnTest[] = Array.zeroCreate (features parameters)
        NumberwiseMisfit<'θ>(tests, (fun _ _ -> None)).Function

    /// Returns the tests of the columns, if the misfit has them.
    let tests (misfit: 'θ -> Block -> GmmError option) : ('θ -> ColumnTest[]) option =
        match box misfit with
        | :? NumberwiseMisfit<'θ> as known -> Some known.Tests
        | _ -> None

    /// Returns a misfit with tests of the columns, if they are given.
    let withTests
        (tests: ('θ -> ColumnTest[]) option)
        (misfit: 'θ -> Block -> GmmError option)
        : 'θ -> Block -> GmmError option =
        match tests with
        | Some tests -> NumberwiseMisfit<'θ>(tests, misfit).Function
        | None -> misfit
