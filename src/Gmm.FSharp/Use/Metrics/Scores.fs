namespace Gmm

/// Scores of rows for classes, such as probabilities.
module internal Scores =
    let private require (truth: 'A[]) (scores: float[,]) =
        result {
            let rows = Array2D.length1 scores

            do!
                GmmError.requireAll
                    [ rows = truth.Length,
                      "Scores",
                      $"""one row for {Display.each truth.Length "true label"}""",
                      Display.count rows "row"
                      rows > 0, "True labels", "at least one", "none" ]

            do! GmmError.requireFinite "Scores" scores
        }

    /// Returns the area under the ROC curve of a class: the share of pairs, a row of the class and another, in which
    /// the former has the higher score; equal scores count half (Mann and Whitney 1947). It adds ranks, doubled to
    /// whole numbers.
    let private areaUnderCurve (isOfClass: bool[]) (scores: float[]) =
        let order = Array.init scores.Length id |> Array.sortBy (fun n -> scores[n])
        let mutable doubledRanks, first = 0L, 0

        while first < order.Length do
            let mutable last = first

            while last + 1 < order.Length && scores[order[last + 1]] = scores[order[first]] do
                last <- last + 1

            for i in first..last do
                if isOfClass[order[i]] then
                    doubledRanks <- doubledRanks + int64 (first + last + 2)

            first <- last + 1

        let inside = isOfClass |> Array.sumBy (fun isInside -> if isInside then 1L else 0L)
        let outside = int64 isOfClass.Length - inside
        float (doubledRanks - inside * (inside + 1L)) / (2.0 * float inside * float outside)

    let rocAuc (truth: 'A[]) (scores: float[,]) : Result<float, GmmError> =
        let classes = Labels.ascending truth
        let columns = Array2D.length2 scores

        result {
            do! require truth scores

            do!
                GmmError.requireAll
                    [ classes.Length >= 2, "True labels", "of at least two classes", "of 1"
                      columns = classes.Length,
                      "Scores",
                      $"one column for each of the {classes.Length} classes",
                      Display.count columns "column" ]

            return
                classes
                |> Array.mapi (fun j name -> areaUnderCurve (truth |> Array.map ((=) name)) scores[*, j])
                |> Array.average
        }

    let alignColumns (truth: 'A[]) (responsibilities: float[,]) : Result<float[,], GmmError> =
        let classes = Labels.ascending truth
        let components = Array2D.length2 responsibilities

        /// Returns −Σₙ rₙₖ over the rows of every class (C×K).
        let costs (classes: 'A[]) =
            let places = classes |> Array.mapi (fun i name -> name, i) |> dict
            let costs = Array2D.zeroCreate<float> classes.Length components

            for n in 0 .. truth.Length - 1 do
                let i = places[truth[n]]

                for k in 0 .. components - 1 do
                    costs[i, k] <- costs[i, k] - responsibilities[n, k]

            costs

        result {
            do! require truth responsibilities

            do!
                GmmError.requireAll
                    [ components >= classes.Length,
                      "Scores",
                      $"at least one column for each of the {classes.Length} classes",
                      Display.count components "column" ]

            let! pairs = Matching.cheapest (costs classes)
            return Array2D.init truth.Length classes.Length (fun n i -> responsibilities[n, snd pairs[i]])
        }
