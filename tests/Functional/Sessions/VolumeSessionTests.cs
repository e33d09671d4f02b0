namespace Dataplane.Functional.Sessions;

/// <summary>emptyDir, hostPath and secret volumes as the walkthroughs use them.</summary>
[Collection(ClusterCollection.Name)]
public sealed class VolumeSessionTests(ClusterFixture cluster)
{
    private const string TwoReaders = """
        apiVersion: v1
        kind: Pod
        metadata: {name: shared}
        spec:
          terminationGracePeriodSeconds: 1
          volumes: [{name: cache, emptyDir: {}}]
          containers:
          - {name: writer, image: centos, volumeMounts: [{name: cache, mountPath: /cache}]}
          - {name: reader, image: centos, volumeMounts: [{name: cache, mountPath: /seen}]}
        """;

    [Fact]
    public async Task AnEmptyDirIsSharedByTheContainersAndGoesWithThePod()
    {
        var file = await ClusterFixture.WriteManifestAsync(TwoReaders);
        try
        {
            await cluster.KubectlAsync("create", "-f", file);
            Assert.Equal("pod/centos created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("emptydir.yaml")));
            await RunningAsync("centos", "shared");
            await cluster.KubectlAsync("exec", "shared", "-c", "writer", "--", "/bin/sh", "-c", "echo written > /cache/file");
            Assert.Equal("written\n", await cluster.KubectlAsync("exec", "shared", "-c", "reader", "--", "cat", "/seen/file"));

            await cluster.KubectlAsync("exec", "centos", "--", "touch", "/cache/file");
            Screen.Contains(
                "cache-volume:\nType: EmptyDir (a temporary directory that shares a pod's lifetime)\nMedium:\nSizeLimit: <unset>",
                await cluster.KubectlAsync("describe", "pod", "centos"));
            await RecreateAsync("centos", "emptydir.yaml");
            Assert.Equal("", await cluster.KubectlAsync("exec", "centos", "--", "ls", "/cache"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "centos", "shared", "--grace-period=1");
            File.Delete(file);
        }
    }

    [Fact]
    public async Task AHostPathStaysWhenThePodGoes()
    {
        var existed = Directory.Exists("/data");
        await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("hostpath.yaml"));
        try
        {
            await RunningAsync("centos-hostpath");
            await cluster.KubectlAsync("exec", "centos-hostpath", "--", "/bin/sh", "-c", "echo kept > /test-pd/dp-test-file");
            await RecreateAsync("centos-hostpath", "hostpath.yaml");
            await cluster.KubectlAsync("delete", "pod", "centos-hostpath", "--grace-period=1");
            Assert.Equal("kept\n", await File.ReadAllTextAsync("/data/dp-test-file"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "centos-hostpath", "--grace-period=1");
            File.Delete("/data/dp-test-file");
            if (!existed && Directory.Exists("/data"))
            {
                Directory.Delete("/data");
            }
        }
    }

    [Fact]
    public async Task ASecretIsDescribedBySizeAndReadOnlyInItsPod()
    {
        Assert.Equal("secret/mysecret created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("secret.yaml")));
        try
        {
            var described = await cluster.KubectlAsync("describe", "secrets", "mysecret");
            Screen.Shows(
                """
                Name: mysecret
                Namespace: default
                Labels: <none>
                Annotations: <none>

                Type: Opaque

                Data
                ====
                {any}
                {any}
                """,
                described);
            // kubectl walks a Go map: the order changes from run to run.
            Screen.Contains("password: 12 bytes", described);
            Screen.Contains("username: 5 bytes", described);
            Screen.Shows("NAME TYPE DATA AGE\nmysecret Opaque 2 {age}", await cluster.KubectlAsync("get", "secrets", "mysecret"));

            Assert.Equal("pod/mysecret created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("secret-pod.yaml")));
            await RunningAsync("mysecret");
            Assert.Equal("admin", await cluster.KubectlAsync("exec", "mysecret", "--", "cat", "/etc/foo/username"));
            Assert.Equal("1f2d1e2e67df", await cluster.KubectlAsync("exec", "mysecret", "--", "cat", "/etc/foo/password"));
            Assert.Equal("tmpfs\n", await cluster.KubectlAsync("exec", "mysecret", "--", "stat", "-f", "-c", "%T", "/etc/foo"));
            var refused = await cluster.TryKubectlAsync("exec", "mysecret", "--", "touch", "/etc/foo/new");
            Assert.Contains("Read-only file system", refused.Error);

            var uid = await cluster.KubectlAsync("get", "pod", "mysecret", "-o", "jsonpath={.metadata.uid}");
            await cluster.KubectlAsync("delete", "pod", "mysecret", "--grace-period=1");
            Assert.DoesNotContain(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(uid, StringComparison.Ordinal));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "mysecret", "--grace-period=1");
            await cluster.KubectlAsync("delete", "secret", "mysecret");
        }
    }

    private async Task RecreateAsync(string pod, string manifest)
    {
        Assert.Equal($"pod \"{pod}\" deleted\n", await cluster.KubectlAsync("delete", "pod", pod, "--grace-period=1"));
        await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest(manifest));
        await RunningAsync(pod);
    }

    private async Task RunningAsync(params string[] pods)
    {
        foreach (var pod in pods)
        {
            await cluster.KubectlAsync("wait", "--for=condition=Ready", $"pod/{pod}", "--timeout=60s");
        }
    }
}
