namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// The kernel of products: computes the sum of several forms, each over some of the columns.
[<Sealed; Optimised>]
type internal ProductKernel<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let mutable kernels: FormKernel[] = [||]
    let mutable columns: int[][] = [||]
    let mutable rows: Pinned[] = [||]

    /// The kernel of a form: `current` where it is of the right kind, otherwise a new one.
    static member KernelOf(form: Form, current: FormKernel) : FormKernel =
        match form, current with
        | Form.Quadratic({ Shape = Shape.Full; IsTied = false }, _, _, _), :? FullCovariance<float, Doubles<'L, 'V>, 'V>
        | Form.Quadratic({ Shape = Shape.Full; IsTied = true }, _, _, _), :? TiedFullCovariance<'L, 'V>
        | Form.Quadratic({ Shape = Shape.Diag | Shape.Spherical }, _, _, _),
          :? DiagonalCovariance<float, Doubles<'L, 'V>, 'V>
        | Form.Distance _, :? SquaredDistances<'L, 'V>
        | Form.Linear _, :? LinearForm<'L, 'V>
        | Form.Student _, :? StudentForm<'L, 'V>
        | Form.Product _, :? ProductKernel<'L, 'V> -> current
        | Form.Quadratic({ Shape = Shape.Full; IsTied = false }, _, _, _), _ ->
            FullCovariance<float, Doubles<'L, 'V>, 'V>()
        | Form.Quadratic({ Shape = Shape.Full; IsTied = true }, _, _, _), _ -> TiedFullCovariance<'L, 'V>()
        | Form.Quadratic({ Shape = Shape.Diag | Shape.Spherical }, _, _, _), _ ->
            DiagonalCovariance<float, Doubles<'L, 'V>, 'V>()
        | Form.Distance _, _ -> SquaredDistances<'L, 'V>()
        | Form.Linear _, _ -> LinearForm<'L, 'V>()
        | Form.Student _, _ -> StudentForm<'L, 'V>(fun form current -> ProductKernel<'L, 'V>.KernelOf(form, current))
        | Form.Product _, _ -> ProductKernel<'L, 'V>()
        | Form.Noise _, _ -> invalidOp "A constant density has no kernel."

    override _.Prepare(form, components) =
        match form with
        | Form.Product parts ->
            let current i = if i < kernels.Length then kernels[i] else Unchecked.defaultof<FormKernel>

            kernels <-
                parts |> List.mapi (fun i (_, form) -> ProductKernel<'L, 'V>.KernelOf(form, current i)) |> Array.ofList

            columns <- parts |> List.map fst |> Array.ofList
            rows <- columns |> Array.map (fun _ -> Pinned())

            parts
            |> List.iteri (fun i (columns, form) ->
                rows[i].Require(columns.Length * Panel.Rows)
                kernels[i].Prepare(form, components))
        | _ -> invalidOp "A kernel of products was given another form."

    override _.Read(source, width, panel) =
        let source = NativePtr.ofNativeInt<float> source

        for i in 0 .. kernels.Length - 1 do
            let chosen, target = columns[i], rows[i].Address

            for n in 0 .. panel.Count - 1 do
                for j in 0 .. chosen.Length - 1 do
                    NativePtr.set target (n * chosen.Length + j) (NativePtr.get source (n * width + chosen[j]))

            kernels[i].Read(NativePtr.toNativeInt target, chosen.Length, panel)

    override _.Score panel =
        for kernel in kernels do
            kernel.Score panel

    override _.Gather panel =
        for kernel in kernels do
            kernel.Gather panel

    override _.Clear() =
        for kernel in kernels do
            kernel.Clear()

    override _.AddTo sums =
        let mutable added = 0

        for kernel in kernels do
            added <- added + kernel.AddTo(sums.Slice added)

        added
