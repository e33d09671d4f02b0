namespace Dataplane.Cli.Demo;

/// <summary>A cell of the table: what was tried is ok, or failed for a reason.</summary>
internal static class DemoCell
{
    internal const string Ok = "ok";

    internal static async Task<string> RunAsync(Func<Task> attempt)
    {
        try
        {
            await attempt();
            return Ok;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return Failed(failure.Message);
        }
    }

    internal static string Failed(string reason) => $"failed: {reason.ReplaceLineEndings(" ")}";

    internal static string Skipped(string reason) => $"skipped: {reason.ReplaceLineEndings(" ")}";

    internal static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new UserErrorException(otherwise);
        }
    }
}
