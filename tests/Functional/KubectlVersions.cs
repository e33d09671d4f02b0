namespace Dataplane.Functional;

/// <summary>
/// kubectl in the versions whose streaming differs: 1.29 speaks SPDY only, 1.32 WebSocket, 1.33 likewise. They lie beside the
/// kubectl on the path under names such as kubectl.1.29; what is missing skips its tests.
/// </summary>
internal static class KubectlVersions
{
    public static TheoryData<string> Streaming => new("1.29", "1.32", "1.33");

    /// <returns>Path of a version's program.</returns>
    internal static string Require(string version)
    {
        var kubectl = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(directory => Path.Combine(directory, "kubectl")).FirstOrDefault(File.Exists);
        var real = kubectl is null ? null : new FileInfo(kubectl).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? kubectl;
        var wanted = real is null ? null : Path.Combine(Path.GetDirectoryName(real)!, $"kubectl.{version}");
        if (wanted is null || !File.Exists(wanted))
        {
            Assert.Skip($"kubectl.{version} is not beside kubectl");
        }

        return wanted;
    }
}
