namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>
/// Does the same many times, in batches of 1, 2, 4, ... at once, and stops after a batch with a failure: a quota or a bad
/// template costs one request, not five hundred.
/// </summary>
internal static class SlowStart
{
    /// <summary>Calls the action with 0, 1, 2, ...; returns the first failure, or null.</summary>
    public static async Task<Exception?> RunAsync(int count, Func<int, Task<Exception?>> action)
    {
        var remaining = count;
        for (var batch = 1; remaining > 0; batch *= 2)
        {
            var size = Math.Min(batch, remaining);
            var results = await Task.WhenAll(Enumerable.Range(count - remaining, size).Select(action)).ConfigureAwait(false);
            if (results.FirstOrDefault(error => error is not null) is { } failure)
            {
                return failure;
            }

            remaining -= size;
        }

        return null;
    }
}
