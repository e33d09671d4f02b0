namespace Dataplane.Functional.Sessions;

/// <summary>kubectl exec without a terminal.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ExecSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task AProgramRunsInTheContainerWithItsStreamsAndItsExitCode()
    {
        await cluster.KubectlAsync("run", "exec-pod", "--image=centos", "--restart=Never", "--", "/bin/sh", "-c", "touch /tmp/mark; sleep 3600");
        try
        {
            await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "exec-pod");
            await cluster.EventuallyAsync(text => text == "/tmp/mark\n", "exec", "exec-pod", "--", "ls", "/tmp/mark");

            var failed = await cluster.TryKubectlAsync("exec", "exec-pod", "-c", "exec-pod", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 5");
            Assert.Equal((5, "out\n"), (failed.ExitCode, failed.Output));
            Assert.StartsWith("err\n", failed.Error);
            Assert.Contains("command terminated with exit code 5", failed.Error);

            var file = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}");
            await File.WriteAllTextAsync(file, "one\ntwo\nthree\n");
            var piped = await Programs.RunAsync(
                "/bin/sh", ["-c", $"kubectl exec -i exec-pod -- grep -n t < {file}"], cluster.Environment);
            File.Delete(file);
            Assert.Equal((0, "2:two\n3:three\n"), (piped.ExitCode, piped.Output));

            var address = await cluster.KubectlAsync("get", "pod", "exec-pod", "-o", "jsonpath={.status.podIP}");
            Assert.Equal(address, (await cluster.KubectlAsync("exec", "exec-pod", "--", "hostname", "-i")).Trim());

            var unknown = await cluster.TryKubectlAsync("exec", "exec-pod", "-c", "nobody", "--", "true");
            Assert.Equal(1, unknown.ExitCode);
            Assert.Contains("Error from server (BadRequest): container nobody is not valid for pod exec-pod", unknown.Error);
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "exec-pod", "--grace-period=1");
        }
    }
}
