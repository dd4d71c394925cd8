using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Gmm.Orleans;

/// <summary>
/// Spreads the shards of a table evenly: shard number i goes to the silo in place i, modulo the number of silos.
/// </summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("gmm.placement")]
internal sealed class ShardPlacement : PlacementStrategy;

/// <summary>Marks grains that <see cref="ShardPlacement"/> places.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacement());

/// <summary>Chooses the silo of a shard.</summary>
internal sealed class ShardPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        Array.Sort(silos);
        var number = target.GrainIdentity.TryGetIntegerKey(out var key, out _) ? key : 0;
        return Task.FromResult(silos[(int)(number % silos.Length)]);
    }
}
