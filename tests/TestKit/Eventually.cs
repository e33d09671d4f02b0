using Xunit;

namespace Dataplane.TestKit;

/// <summary>Waits for what happens on its own, and not for ever: a test that hangs takes the whole run's result with it.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <param name="holds">Asked again and again.</param>
    /// <param name="what">Names what did not come, in the exception.</param>
    /// <exception cref="TimeoutException">It did not hold within two minutes.</exception>
    public static Task HoldsAsync(Func<bool> holds, string what) => HoldsAsync(() => Task.FromResult(holds()), what);

    /// <inheritdoc cref="HoldsAsync(Func{bool}, string)"/>
    public static async Task HoldsAsync(Func<Task<bool>> holds, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (!await holds())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"within {Limit.TotalSeconds:0} s: {what}");
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }
}
