namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open FSharp.NativeInterop

/// The sum of several forms, each of some columns.
[<Sealed; Optimised>]
type internal Sum<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let mutable kernels: FormKernel[] = [||]
    let mutable columns: int[][] = [||]
    let mutable rows: Pinned[] = [||]

    /// The kernel of a form; `current` where it is of that kind.
    static member KernelOf(form: Form, current: FormKernel) : FormKernel =
        match form, current with
        | Form.Quadratic(structure = TiedFull), (:? TiedQuadratic<'L, 'V> as kernel) -> kernel
        | Form.Quadratic(structure = TiedFull), _ -> TiedQuadratic<'L, 'V>()
        | Form.Quadratic(structure = Full), (:? FullQuadratic<float, Doubles<'L, 'V>, 'V> as kernel) -> kernel
        | Form.Quadratic(structure = Full), _ -> FullQuadratic<float, Doubles<'L, 'V>, 'V>()
        | Form.Quadratic _, (:? Quadratic<'L, 'V> as kernel) -> kernel
        | Form.Quadratic _, _ -> Quadratic<'L, 'V>()
        | Form.Distance _, (:? Distances<'L, 'V> as kernel) -> kernel
        | Form.Distance _, _ -> Distances<'L, 'V>()
        | Form.Linear _, (:? Linear<'L, 'V> as kernel) -> kernel
        | Form.Linear _, _ -> Linear<'L, 'V>()
        | Form.Product _, (:? Sum<'L, 'V> as kernel) -> kernel
        | Form.Product _, _ -> Sum<'L, 'V>()

    override _.Prepare(form, components) =
        match form with
        | Form.Product parts ->
            let current i = if i < kernels.Length then kernels[i] else Unchecked.defaultof<FormKernel>
            kernels <- parts |> List.mapi (fun i (_, form) -> Sum<'L, 'V>.KernelOf(form, current i)) |> Array.ofList
            columns <- parts |> List.map fst |> Array.ofList
            rows <- columns |> Array.map (fun _ -> Pinned())

            parts
            |> List.iteri (fun i (columns, form) ->
                rows[i].Require(columns.Length * Panel.Rows)
                kernels[i].Prepare(form, components))
        | _ -> invalidOp "A kernel of products was given another form."

    override _.Read(source, width, sheet) =
        let source = NativePtr.ofNativeInt<float> source

        for i in 0 .. kernels.Length - 1 do
            let chosen, target = columns[i], rows[i].Address

            for n in 0 .. sheet.Count - 1 do
                for j in 0 .. chosen.Length - 1 do
                    NativePtr.set target (n * chosen.Length + j) (NativePtr.get source (n * width + chosen[j]))

            kernels[i].Read(NativePtr.toNativeInt target, chosen.Length, sheet)

    override _.Score sheet =
        for kernel in kernels do
            kernel.Score sheet

    override _.Gather sheet =
        for kernel in kernels do
            kernel.Gather sheet

    override _.Clear() =
        for kernel in kernels do
            kernel.Clear()

    override _.Lengths = kernels |> List.ofArray |> List.collect _.Lengths

    override _.AddTo sums =
        let mutable first = 0

        for kernel in kernels do
            let count = kernel.Lengths.Length
            kernel.AddTo(sums.Slice(first, count))
            first <- first + count
