using System.Reflection;
using Microsoft.FSharp.Collections;
using Orleans;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>What a client makes of the replies of a silo, which is a function here.</summary>
public sealed class ClientTests : IDisposable
{
    private static readonly Question Count =
        new("count", [], "", MapModule.OfSeq(Array.Empty<Tuple<string, Tensor>>()), []);

    private readonly List<string> calls = [];
    private readonly CancellationTokenSource ending = new();

    [Fact]
    public void AnAnswerInPiecesIsPutTogetherAndThenForgotten()
    {
        var rows = Of(call => call switch
        {
            "Ask" => new() { Status = Status.Working },
            "Continue" => new() { Counts = [2], Numbers = Translation.Bytes([calls.Count]) },
            _ => new(),
        });
        Assert.Equal([[2.0, 3.0]], rows.Ask(Count, CancellationToken.None));
        Assert.Equal(["Ask", "Continue", "Continue", "Cancel"], calls);
    }

    [Fact]
    public void AnAnswerWithoutItsEndIsAnError()
    {
        var rows = Of(_ => new() { Counts = [2] });
        var error = Assert.Throws<GmmException>(() => rows.Ask(Count, CancellationToken.None));
        Assert.Contains("an answer without its end", error.Message, StringComparison.Ordinal);
        Assert.Equal(["Ask", "Cancel"], calls);
    }

    [Fact]
    public void ASiloThatForgetsEveryQuestionIsAnError()
    {
        var rows = Of(call => new() { Status = call == "Ask" ? Status.Working : Status.NotAsked });
        var error = Assert.Throws<GmmException>(() => rows.Ask(Count, CancellationToken.None));
        Assert.Contains("did not answer for 0.3 s", error.Message, StringComparison.Ordinal);
        Assert.Equal("Cancel", calls[^1]);
    }

    [Fact]
    public void ASiloThatLosesItsShardAgainAndAgainIsAnError()
    {
        var rows = Of(call => call switch
        {
            "Open" => calls.Count(each => each == "Open") % 2 == 0 ? new() : new() { Status = Status.Working },
            "Ask" => new() { Status = Status.Working },
            _ => new() { Status = Status.NotOpen },
        });
        var error = Assert.Throws<GmmException>(() => rows.Ask(Count, CancellationToken.None));
        Assert.Contains("did not answer for 0.3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WorkMayTakeLongerThanTheLimit()
    {
        var begin = TimeProvider.System.GetTimestamp();
        var rows = Of(_ =>
        {
            // Every other reply is lost.
            if (calls.Count % 2 == 1)
                throw new TimeoutException("?");

            var isDone = TimeProvider.System.GetElapsedTime(begin) > TimeSpan.FromSeconds(0.6);
            return isDone ? new() { Counts = [1], Numbers = new byte[8] } : new() { Status = Status.Working };
        });
        Assert.Equal([[0.0]], rows.Ask(Count, CancellationToken.None));
    }

    [Fact]
    public void RowsThatAreClosedCannotBeUsed()
    {
        var rows = Of(_ => new());
        ending.Cancel();
        Assert.Throws<ObjectDisposedException>(() => rows.Ask(Count, CancellationToken.None));
        Assert.Throws<ObjectDisposedException>(() => rows.Invoke(0));
        Assert.Empty(calls);
    }

    [Fact]
    public void ABlockThatIsBeingReadIsGivenUpWhenTheRowsClose()
    {
        var rows = Of(_ =>
        {
            ending.Cancel();
            throw new TimeoutException("?");
        });
        Assert.Throws<ObjectDisposedException>(() => rows.Invoke(0));
        Assert.Equal(["Read"], calls);
    }

    [Fact]
    public void AQuestionIsCancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var rows = Of(call =>
        {
            cancellation.Cancel();
            return new() { Status = Status.Working };
        });
        Assert.ThrowsAny<OperationCanceledException>(() => rows.Ask(Count, cancellation.Token));
        Assert.Equal(["Ask", "Cancel"], calls);
    }

    [Fact]
    public void AQuestionThatOrleansDoesNotCarryIsAnErrorAtOnce()
    {
        var rows = Of(_ => throw new TimeoutException());
        var slices = new Question("give", [], "", Count.Arguments, [new double[14_000_000]]);
        var error = Assert.Throws<GmmException>(() => rows.Ask(slices, CancellationToken.None));
        Assert.Contains("112000000 bytes, and may have 103809024", error.Message, StringComparison.Ordinal);
        Assert.Equal(["Cancel"], calls);
    }

    public void Dispose() => ending.Dispose();

    /// <summary>Rows of one shard, of a file, whose silo replies what a function says of the name of a call.</summary>
    private ShardRows Of(Func<string, Reply> reply)
    {
        var grain = DispatchProxy.Create<IShardGrain, Fake>();
        ((Fake)(object)grain).Call = call =>
        {
            // The client doesn't wait for the end of Cancel, which begins in order all the same.
            calls.Add(call);
            return Task.FromResult(reply(call));
        };
        var client = DispatchProxy.Create<IClusterClient, Fake>();
        ((Fake)(object)client).Call = _ => grain;
        var table = new Table { Files = ["?"], Rows = [100], Columns = 1, Digests = ["?"] };
        return new(client, table, new(new() { RetryLimit = TimeSpan.FromSeconds(0.3) }), 1, ending.Token);
    }

    /// <summary>An object of any interface, all of whose methods are one function of their name.</summary>
    public class Fake : DispatchProxy
    {
        internal Func<string, object> Call { get; set; } = _ => throw new NotSupportedException();

        protected override object Invoke(MethodInfo? targetMethod, object?[]? args) => Call(targetMethod!.Name);
    }
}
