using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>The page of names: complete, and every name that it gives exists.</summary>
public sealed class MappingTests
{
    /// <summary>What users of the other programs come with.</summary>
    private const string Theirs = """
        n_components n_features covariance_type tol reg_covar max_iter init_means init_params kmeans kpp random points maxdist
        cov_init_method eye empirical weights_init means_init covariances_init precisions_init n_init random_state warm_start verbose verbose_interval device
        weight_concentration_prior mean_prior mean_precision_prior covariance_prior degrees_of_freedom_prior cem
        full diag spherical isotropic tied tied_full tied_diag tied_spherical k-means++ random_from_data
        fit fit_predict predict predict_proba score score_samples sample component confidence std_range aic bic
        save load save_state_dict load_state_dict
        weights_ means_ covariances_ precisions_ precisions_cholesky_ initial_weights_ initial_means_ initial_covariances_ fitted_ converged_ n_iter_
        lower_bound_ best_random_state_
        bic_score aic_score silhouette_score davies_bouldin_index calinski_harabasz_score dunn_index rand_score adjusted_rand_score
        mutual_info_score adjusted_mutual_info_score normalized_mutual_info_score fowlkes_mallows_score completeness_score homogeneity_score
        v_measure_score purity_score confusion_matrix classification_report roc_auc_score kl_divergence_gmm evaluate_clustering
        n_clusters init transform cluster_centers_ labels_ inertia_ num_iterations allow_singular fit_fast
        VVV EEE VVI EEI VII EII priorControl plot_gmm
        """;

    private static readonly string Page = File.ReadAllText(Path.Combine(Data.Root, "docs", "mapping.md"));

    /// <summary>The cells of every row of every table: theirs, F#, C#.</summary>
    private static readonly string[][] Table =
    [
        .. from line in Page.Split('\n')
           where line.StartsWith("| `", StringComparison.Ordinal) || (line.StartsWith("| ", StringComparison.Ordinal) && line.Contains('`'))
           select line.Trim('|', ' ', '\r').Split(" | "),
    ];

    public static TheoryData<string> TheirNames => [.. Theirs.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];

    [Theory]
    [MemberData(nameof(TheirNames))]
    public void TheirNameIsInTheFirstColumn(string name) =>
        Assert.Contains(Table, row => Regex.IsMatch(row[0], $@"(?<![\w]){Regex.Escape(name)}(?![\w])"));

    [Fact]
    public void EveryRowHasThreeCells() => Assert.All(Table, row => Assert.Equal(3, row.Length));

    public static TheoryData<string> FSharpNames => [.. NamesOf(1)];

    public static TheoryData<string> CSharpNames => [.. NamesOf(2)];

    [Theory]
    [MemberData(nameof(FSharpNames))]
    public void FSharpNameExists(string name) =>
        AssertExists([typeof(Core.GmmError).Assembly, typeof(Core.Figure).Assembly, typeof(Core.TorchDevice).Assembly], "Gmm", name);

    [Theory]
    [MemberData(nameof(CSharpNames))]
    public void CSharpNameExists(string name) => AssertExists([typeof(GaussianMixture).Assembly], "Gmm.CSharp", name);

    private static IEnumerable<string> NamesOf(int column) =>
        Table.SelectMany(row => Regex.Matches(row[column], @"`([A-Z]\w*\.\w+)`")).Select(match => match.Groups[1].Value).Distinct();

    /// <summary>A member of a type, of the F# module beside it, or a union's case.</summary>
    private static void AssertExists(Assembly[] assemblies, string space, string name)
    {
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;
        var (type, member) = (name.Split('.')[0], name.Split('.')[1]);
        var types = assemblies.SelectMany(assembly => assembly.GetExportedTypes()).Where(candidate =>
            candidate.Namespace == space
            && !candidate.IsNested
            && (candidate.Name.Split('`')[0] == type || candidate.Name == type + "Module"));
        Assert.Contains(
            types.SelectMany(candidate => candidate.GetMembers(Public).Concat(candidate.GetNestedTypes())),
            found => found.Name == member || found.Name == "New" + member || found.Name == "get_" + member);
    }
}
