namespace Gmm

#nowarn "9" // The pointers are to pinned buffers and to the stack.
#nowarn "3535" // Static abstract members let one source serve every vector width.

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop

/// Computes the joint log-densities of one row. A vector holds numbers of several components, where in the kernels of
/// panels it holds numbers of several rows. For one row and one component, the operations and their order are the same,
/// so the bits are the same, too. A row kernel never changes, so any number of threads may use it at the same time.
[<AbstractClass>]
type internal RowKernel() =
    /// How many numbers of scratch memory `Score` needs.
    abstract Scratch: int
    /// Adds ln p(x|θₖ) of a row to joint log-densities (K, rounded up to a multiple of the width).
    abstract Score: row: nativeptr<float> * scratch: nativeptr<float> * joint: nativeptr<float> -> unit

/// Numbers of K components as vectors: number i of a group of components, as many as a vector holds, is one vector. The
/// vectors of a group follow one another.
[<Sealed>]
type internal ByComponent(width: int, components: int, size: int, number: int -> int -> float) =
    let groups = (components + width - 1) / width
    let numbers = Pinned()

    do
        numbers.Require(groups * size * width)

        for place in 0 .. groups * width - 1 do
            for i in 0 .. size - 1 do
                let value = if place < components then number place i else 0.0
                NativePtr.set numbers.Address ((place / width * size + i) * width + place % width) value

    /// The number of groups.
    member _.Groups = groups

    /// Returns the address of the vectors of a group.
    member _.Group(g: int) = NativePtr.add numbers.Address (g * size * width)

/// The row kernel of Gaussian components with a full covariance each.
[<Sealed; Optimised>]
type internal FullRows<'L, 'V when 'L :> ILanes<'V>>(means: Tensor, factors: Tensor, constants: float[]) =
    inherit RowKernel()

    let features = means.shape[1]
    let mean = Reference.numbersOf means
    let w = Reference.numbersOf factors
    let whole = features &&& ~~~3 // The rows of W that are taken four at a time.
    let means = ByComponent('L.Width, constants.Length, features, fun k j -> mean.Span[k * features + j])
    let constants = ByComponent('L.Width, constants.Length, 1, fun k _ -> constants[k])

    /// The position in W of every number, in the order of use: four rows column by column, with places above the
    /// diagonal (−1), then the last rows one by one.
    let order =
        [| for i in 0..4 .. whole - 1 do
               for j in 0 .. i + 3 do
                   for row in i .. i + 3 -> if j <= row then row * features + j else -1
           for i in whole .. features - 1 do
               for j in 0..i -> i * features + j |]

    let factors =
        ByComponent(
            'L.Width,
            mean.Length / features,
            order.Length,
            fun k i -> if order[i] < 0 then 0.0 else w.Span[k * features * features + order[i]]
        )

    override _.Scratch = features * 'L.Width

    override _.Score(row, z, joint) =
        let width = 'L.Width

        for g in 0 .. means.Groups - 1 do
            let mean = means.Group g

            for j in 0 .. features - 1 do
                let place = j * width
                let x = 'L.Fill(NativePtr.get row j)
                'L.Store('L.Subtract(x, 'L.Load(NativePtr.add mean place)), NativePtr.add z place)

            let mutable q = 'L.Zero
            let mutable w = factors.Group g
            let mutable i = 0

            while i < whole do
                let mutable y0 = 'L.Zero
                let mutable y1 = 'L.Zero
                let mutable y2 = 'L.Zero
                let mutable y3 = 'L.Zero
                let mutable zj = z

                for _ in 0 .. i + 3 do
                    let z = 'L.Load zj
                    y0 <- 'L.Fma('L.Load w, z, y0)
                    y1 <- 'L.Fma('L.Load(NativePtr.add w width), z, y1)
                    y2 <- 'L.Fma('L.Load(NativePtr.add w (2 * width)), z, y2)
                    y3 <- 'L.Fma('L.Load(NativePtr.add w (3 * width)), z, y3)
                    w <- NativePtr.add w (4 * width)
                    zj <- NativePtr.add zj width

                q <- 'L.Fma(y3, y3, 'L.Fma(y2, y2, 'L.Fma(y1, y1, 'L.Fma(y0, y0, q))))
                i <- i + 4

            while i < features do
                let mutable y = 'L.Zero
                let mutable zj = z

                for _ in 0..i do
                    y <- 'L.Fma('L.Load w, 'L.Load zj, y)
                    w <- NativePtr.add w width
                    zj <- NativePtr.add zj width

                q <- 'L.Fma(y, y, q)
                i <- i + 1

            let target = NativePtr.add joint (g * width)
            let density = 'L.Fma(q, 'L.Fill -0.5, 'L.Load(constants.Group g))
            'L.Store('L.Add('L.Load target, density), target)

/// The row kernel of Gaussian components with diagonal covariances, tied or not.
[<Sealed; Optimised>]
type internal DiagonalRows<'L, 'V when 'L :> ILanes<'V>>
    (layout: Layout, means: Tensor, factors: Tensor, constants: float[]) =
    inherit RowKernel()

    let components, features = means.shape[0], means.shape[1]
    let mean = Reference.numbersOf means
    let w = Reference.numbersOf factors
    let means = ByComponent('L.Width, components, features, fun k j -> mean.Span[k * features + j])

    let factors =
        ByComponent('L.Width, components, features, fun k j -> w.Span[Layout.planeOf layout k * features + j])

    let constants = ByComponent('L.Width, components, 1, fun k _ -> constants[k])

    override _.Scratch = 0

    override _.Score(row, _, joint) =
        let width = 'L.Width

        for g in 0 .. means.Groups - 1 do
            let mutable q = 'L.Zero
            let mutable mean = means.Group g
            let mutable w = factors.Group g

            for j in 0 .. features - 1 do
                let x = 'L.Fill(NativePtr.get row j)
                let y = 'L.Multiply('L.Subtract(x, 'L.Load mean), 'L.Load w)
                q <- 'L.Fma(y, y, q)
                mean <- NativePtr.add mean width
                w <- NativePtr.add w width

            let target = NativePtr.add joint (g * width)
            let density = 'L.Fma(q, 'L.Fill -0.5, 'L.Load(constants.Group g))
            'L.Store('L.Add('L.Load target, density), target)

/// The row kernel of components that depend on the distance from a centre: cₖ − ½wₖ²‖x−μₖ‖².
[<Sealed; Optimised>]
type internal DistanceRows<'L, 'V when 'L :> ILanes<'V>>
    (centres: ReadOnlyMemory<float>, features: int, factor: int -> float, constant: int -> float) =
    inherit RowKernel()

    let components = centres.Length / features
    let centres = ByComponent('L.Width, components, features, fun k j -> centres.Span[k * features + j])
    let factors = ByComponent('L.Width, components, 1, fun k _ -> factor k)
    let constants = ByComponent('L.Width, components, 1, fun k _ -> constant k)

    override _.Scratch = 0

    override _.Score(row, _, joint) =
        let width = 'L.Width

        for g in 0 .. centres.Groups - 1 do
            let mutable q = 'L.Zero
            let mutable centre = centres.Group g

            for j in 0 .. features - 1 do
                let z = 'L.Subtract('L.Fill(NativePtr.get row j), 'L.Load centre)
                q <- 'L.Fma(z, z, q)
                centre <- NativePtr.add centre width

            let target, w = NativePtr.add joint (g * width), 'L.Load(factors.Group g)
            let scaled = 'L.Multiply('L.Multiply(q, w), w)
            let density = 'L.Fma(scaled, 'L.Fill -0.5, 'L.Load(constants.Group g))
            'L.Store('L.Add('L.Load target, density), target)

/// The row kernel of Gaussian components that share one full covariance: whitens the row once, as `TiedFullCovariance`
/// does.
[<Sealed; Optimised>]
type internal TiedFullRows<'L, 'V when 'L :> ILanes<'V>>(means: Tensor, factor: Tensor, constants: float[]) =
    inherit RowKernel()

    let features = means.shape[1]
    let w = Reference.numbersOf factor
    let tied = WhitenedMeans.ofMeans (Reference.numbersOf means).Span w.Span features
    let distances = DistanceRows<'L, 'V>(tied.Targets, features, (fun _ -> 1.0), (fun k -> constants[k]))

    /// The columns of W, with the rows of W in the places of vectors.
    let columns =
        ByComponent('L.Width, features, features, fun i j -> if j <= i then w.Span[i * features + j] else 0.0)

    let centre = tied.Centre
    let padded = columns.Groups * 'L.Width

    override _.Scratch = 2 * padded

    override _.Score(row, scratch, joint) =
        let z, y = scratch, NativePtr.add scratch padded

        for j in 0 .. features - 1 do
            NativePtr.set z j (NativePtr.get row j - centre[j])

        for g in 0 .. columns.Groups - 1 do
            let mutable sum = 'L.Zero
            let mutable column = columns.Group g

            // The further numbers in these rows of W are 0.
            for j in 0 .. min features ((g + 1) * 'L.Width) - 1 do
                sum <- 'L.Fma('L.Load column, 'L.Fill(NativePtr.get z j), sum)
                column <- NativePtr.add column 'L.Width

            'L.Store(sum, NativePtr.add y (g * 'L.Width))

        distances.Score(y, scratch, joint)

/// The row kernel of exponential families whose statistic is known for every number.
[<Sealed; Optimised>]
type internal LinearRows<'L, 'V when 'L :> ILanes<'V>>
    (statistic: NumberwiseStatistic, features: int, logBase: float -> float, natural: Tensor, constants: float[]) =
    inherit RowKernel()

    let count = natural.shape[1]
    let eta = Reference.numbersOf natural
    let natural = ByComponent('L.Width, constants.Length, count, fun k f -> eta.Span[k * count + f])
    let constants = ByComponent('L.Width, constants.Length, 1, fun k _ -> constants[k])

    override _.Scratch = count

    override _.Score(row, t, joint) =
        let width, size = 'L.Width, statistic.Size
        let mutable sumOfBases = 0.0

        for j in 0 .. features - 1 do
            let x = NativePtr.get row j
            sumOfBases <- sumOfBases + logBase x

            for s in 0 .. size - 1 do
                NativePtr.set t (j * size + s) (statistic.Number(x, s))

        for g in 0 .. natural.Groups - 1 do
            let mutable sum = 'L.Zero
            let mutable eta = natural.Group g

            for f in 0 .. count - 1 do
                sum <- 'L.Fma('L.Load eta, 'L.Fill(NativePtr.get t f), sum)
                eta <- NativePtr.add eta width

            let target = NativePtr.add joint (g * width)
            let density = 'L.Add('L.Add(sum, 'L.Load(constants.Group g)), 'L.Fill sumOfBases)
            'L.Store('L.Add('L.Load target, density), target)

/// The row kernel of components with Student's t distribution, from that of the quadratic form.
[<Sealed; Optimised>]
type internal StudentRows<'L, 'V when 'L :> ILanes<'V>>(quadratic: RowKernel, tails: StudentTails) =
    inherit RowKernel()

    let ofEach (numbers: float[]) = ByComponent('L.Width, numbers.Length, 1, fun k _ -> numbers[k])
    let constants, inverses = ofEach tails.Constants, ofEach tails.Inverses
    let powers, slopes = ofEach tails.Powers, ofEach tails.Slopes
    let padded = constants.Groups * 'L.Width

    override _.Scratch = 2 * padded + quadratic.Scratch

    override _.Score(row, scratch, joint) =
        let halved, logs = scratch, NativePtr.add scratch padded

        for k in 0 .. padded - 1 do
            NativePtr.set halved k 0.0

        quadratic.Score(row, NativePtr.add logs padded, halved)

        for g in 0 .. constants.Groups - 1 do
            let place = g * 'L.Width
            let delta = StudentTails.distance<'L, 'V>('L.Load(NativePtr.add halved place))
            'L.Store(StudentTails.spread<'L, 'V> ('L.Load(inverses.Group g)) delta, NativePtr.add logs place)

        Elementary.logVectors<'L, 'V> logs padded

        for g in 0 .. constants.Groups - 1 do
            let place = g * 'L.Width
            let constant, power, slope = 'L.Load(constants.Group g), 'L.Load(powers.Group g), 'L.Load(slopes.Group g)
            let delta = StudentTails.distance<'L, 'V>('L.Load(NativePtr.add halved place))
            let density = StudentTails.density<'L, 'V> constant power slope delta ('L.Load(NativePtr.add logs place))
            let target = NativePtr.add joint place
            'L.Store('L.Add('L.Load target, density), target)

/// The row kernel of products: each part has some of the columns and a kernel.
[<Sealed>]
type internal ProductRows(parts: (int[] * RowKernel)[]) =
    inherit RowKernel()

    let widest = parts |> Array.map (fun (columns, _) -> columns.Length) |> Array.max
    let scratch = parts |> Array.map (fun (_, kernel) -> kernel.Scratch) |> Array.max

    override _.Scratch = widest + scratch

    override _.Score(row, scratch, joint) =
        for i in 0 .. parts.Length - 1 do
            let columns, kernel = parts[i]

            for j in 0 .. columns.Length - 1 do
                NativePtr.set scratch j (NativePtr.get row columns[j])

            kernel.Score(scratch, NativePtr.add scratch widest, joint)

/// The row kernel of components with a noise component after them.
[<Sealed>]
type internal NoiseRows(components: RowKernel, count: int, logDensity: float) =
    inherit RowKernel()

    override _.Scratch = components.Scratch

    override _.Score(row, scratch, joint) =
        // The kernel of the components also writes to the places that fill up their last vector.
        let noise = NativePtr.get joint count
        components.Score(row, scratch, joint)
        NativePtr.set joint count (noise + logDensity)

/// Makes row kernels of forms.
module internal RowKernel =
    let rec private ofFormBy<'L, 'V when 'L :> ILanes<'V>> components (form: Form) : RowKernel option =
        match form with
        | Form.Quadratic({ Shape = Shape.Full; IsTied = false }, means, factors, constants) ->
            Some(FullRows<'L, 'V>(means, factors, constants))
        | Form.Quadratic({ Shape = Shape.Full; IsTied = true }, means, factor, constants) ->
            Some(TiedFullRows<'L, 'V>(means, factor, constants))
        | Form.Quadratic({ Shape = Shape.Diag } as layout, means, factors, constants) ->
            Some(DiagonalRows<'L, 'V>(layout, means, factors, constants))
        | Form.Quadratic({ Shape = Shape.Spherical } as layout, means, factors, constants) ->
            let w = (factors.toArray ())
            let factor, constant = (fun k -> w[Layout.planeOf layout k]), (fun k -> constants[k])
            Some(DistanceRows<'L, 'V>(Reference.numbersOf means, means.shape[1], factor, constant))
        | Form.Distance centres ->
            Some(DistanceRows<'L, 'V>(Reference.numbersOf centres, centres.shape[1], (fun _ -> 1.0), (fun _ -> 0.0)))
        | Form.Linear(statistic, logBase, natural, constants) ->
            match box statistic with
            | :? NumberwiseStatistic as statistic ->
                let features = natural.shape[1] / statistic.Size
                Some(LinearRows<'L, 'V>(statistic, features, logBase, natural, constants))
            | _ -> None
        | Form.Student _ ->
            let quadratic, tails = StudentTails.ofForm form
            ofFormBy<'L, 'V> components quadratic |> Option.map (fun kernel -> StudentRows<'L, 'V>(kernel, tails))
        | Form.Product parts ->
            let kernels = parts |> List.map (fun (columns, form) -> columns, ofFormBy<'L, 'V> components form)

            if kernels |> List.forall (snd >> Option.isSome) then
                Some(ProductRows [| for columns, kernel in kernels -> columns, kernel.Value |])
            else
                None
        | Form.Noise(form, logDensity) ->
            ofFormBy<'L, 'V> (components - 1) form
            |> Option.map (fun kernel -> NoiseRows(kernel, components - 1, logDensity))

    /// Returns the row kernel of a form with K components; None if the form has a statistic that only tensors can
    /// compute. No vector is wider than the components need.
    let ofForm (components: int) (form: Form) : RowKernel option =
        let fits width = Width.numbers width < 2 * components

        match Width.widest with
        | Width.Bits512 when fits Width.Bits512 -> ofFormBy<Lanes512, Vector512<float>> components form
        | Width.Bits512
        | Width.Bits256 when fits Width.Bits256 -> ofFormBy<Lanes256, Vector256<float>> components form
        | Width.Bits512
        | Width.Bits256
        | Width.Bits128 -> ofFormBy<Lanes128, Vector128<float>> components form
