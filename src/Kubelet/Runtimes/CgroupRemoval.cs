namespace Dataplane.Kubelet.Runtimes;

/// <summary>A control group whose processes have been killed is busy until the last of them is gone, which may take a moment longer.</summary>
internal static class CgroupRemoval
{
    private const int MostTries = 250;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    /// <summary>Tries for five seconds.</summary>
    /// <param name="tryRemove">False while something is busy.</param>
    /// <param name="time">Waits between two tries.</param>
    internal static async Task RunAsync(Func<bool> tryRemove, TimeProvider time)
    {
        for (var tries = 0; !tryRemove() && tries < MostTries; tries++)
        {
            await Task.Delay(Between, time);
        }
    }
}
