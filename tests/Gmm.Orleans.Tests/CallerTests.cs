using Orleans.Runtime;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>What becomes of a call that fails.</summary>
public class CallerTests
{
    private static readonly ClusterRowsOptions NoPatience = new() { RetryLimit = TimeSpan.Zero };

    public static TheoryData<Exception> Passing =>
    [
        new TimeoutException("?"), new OrleansException("?"), new IOException("?"), new System.Net.Sockets.SocketException(),
        new OperationCanceledException("?"),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task ItIsRepeatedWhenTheTroubleMayPass(Exception trouble)
    {
        var caller = new Caller(new());
        var calls = 0;
        var reply = await CallAsync(caller, () => ++calls < 4 ? throw trouble : Task.FromResult(new Reply { Counts = [7] }));
        Assert.Equal([7], reply.Counts);
        Assert.Equal(4, calls);
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task ItEndsInAClearErrorWhenPatienceEnds(Exception trouble)
    {
        var error = await Assert.ThrowsAsync<GmmException>(() => CallAsync(new(NoPatience), () => throw trouble));
        Assert.True(error.Error.IsUnavailableBackend);
        Assert.Contains("the place did not answer for 0 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASiloThatDoesNotAnswerIsTrouble()
    {
        var caller = new Caller(new() { CallTimeout = TimeSpan.FromMilliseconds(10), RetryLimit = TimeSpan.Zero });
        var never = new TaskCompletionSource<Reply>();
        var error = await Assert.ThrowsAsync<GmmException>(() => CallAsync(caller, () => never.Task));
        Assert.True(error.Error.IsUnavailableBackend);
    }

    [Fact]
    public async Task ACallThatIsRepeatedHasTimeForALongReply()
    {
        // Longer than the time of the first call, and shorter than that of the others.
        var (timeout, limit) = (TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(20));
        var options = new ClusterRowsOptions { CallTimeout = timeout, RetryLimit = limit };
        var reply = await CallAsync(new(options), async () =>
        {
            await Task.Delay(200);
            return new() { Counts = [7] };
        });
        Assert.Equal([7], reply.Counts);
    }

    [Fact]
    public async Task OtherTroubleIsAClearErrorAtOnce()
    {
        var calls = 0;
        var error = await Assert.ThrowsAsync<GmmException>(() => CallAsync(new(new()), () =>
        {
            calls++;
            throw new InvalidOperationException("no such service");
        }));
        Assert.Contains("InvalidOperationException: no such service", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, calls);
    }

    /// <summary>Orleans' own limit is 100 MiB, of which names, shapes and headers may take 1 MiB.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task AMessageThatIsTooLongIsAClearErrorBeforeTheCall(int above, int expectedCalls)
    {
        const long Most = 99 << 20;
        var caller = new Caller(new());
        var calls = 0;
        var call = () => caller.CallAsync(
            () =>
            {
                calls++;
                return Task.FromResult(new Reply());
            },
            Most + above,
            caller.NewPatience("the place"),
            CancellationToken.None);

        if (above == 0)
        {
            await call();
        }
        else
        {
            var error = await Assert.ThrowsAsync<GmmException>(call);
            Assert.True(error.Error.IsUnavailableBackend);
            Assert.Contains($"would have {Most + above} bytes, and may have {Most}", error.Message, StringComparison.Ordinal);
            Assert.Contains("Raise MessagingOptions.MaxMessageBodySize", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(expectedCalls, calls);
    }

    [Fact]
    public async Task ARuleThatIsBrokenIsTheErrorOfTheSilo()
    {
        var failed = new Reply { Status = Status.Failed, Error = Translation.ToWire(GmmError.NewInvalidData("a", "b")) };
        var error = await Assert.ThrowsAsync<GmmException>(() => CallAsync(new(new()), () => Task.FromResult(failed)));
        Assert.Equal(GmmError.NewInvalidData("a", "b"), error.Error);
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task TroubleOfACallThatIsCancelledIsACancellation(Exception trouble)
    {
        using var ending = new CancellationTokenSource();
        var caller = new Caller(new());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller.CallAsync(
            () =>
            {
                ending.Cancel();
                throw trouble;
            },
            0,
            caller.NewPatience("the place"),
            ending.Token));
    }

    private static Task<Reply> CallAsync(Caller caller, Func<Task<Reply>> call) =>
        caller.CallAsync(call, 0, caller.NewPatience("the place"), CancellationToken.None);
}
