namespace Dataplane.Functional.Sessions;

/// <summary>A claim, the volume it gets, and pods that share what is in it.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ClaimSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task WhatOnePodWritesIntoAClaimAnotherReads()
    {
        var directory = Directory.CreateTempSubdirectory("dp-f-volume").FullName;
        var manifest = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(manifest, $$"""
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: shared}
            spec:
              capacity: {storage: 1Gi}
              accessModes: [ReadWriteMany]
              storageClassName: shared
              persistentVolumeReclaimPolicy: Retain
              hostPath: {path: {{directory}}}
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: shared}
            spec: {accessModes: [ReadWriteMany], storageClassName: shared, resources: {requests: {storage: 500Mi} } }
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: volume-writer}
            spec:
              restartPolicy: Never
              containers: [{name: c, image: centos, command: [sh, -c, "echo kept > /data/file"], volumeMounts: [{name: v, mountPath: /data} ]} ]
              volumes: [{name: v, persistentVolumeClaim: {claimName: shared} } ]
            """);
        try
        {
            await cluster.KubectlAsync("create", "-f", manifest);
            await cluster.EventuallyAsync(text => text.Contains("Bound"), "get", "pvc", "shared");
            await cluster.EventuallyAsync(text => text.Contains("Completed"), "get", "pod", "volume-writer");
            await cluster.KubectlAsync(
                "run", "volume-reader", "--image=centos", "--restart=Never",
                """--overrides={"spec":{"containers":[{"name":"c","image":"centos","command":["cat","/data/file"],"volumeMounts":[{"name":"v","mountPath":"/data"}]}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"shared"}}]}}""");
            await cluster.EventuallyAsync(text => text == "kept\n", "logs", "volume-reader");
            Assert.Matches(@"shared +1Gi +RWX +Retain +Bound +default/shared +shared", await cluster.KubectlAsync("get", "pv", "shared"));
            Assert.Matches(@"Used By: +volume-reader\n +volume-writer", await cluster.KubectlAsync("describe", "pvc", "shared"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "volume-writer", "volume-reader", "--grace-period=1", "--ignore-not-found");
            await cluster.TryKubectlAsync("delete", "pvc", "shared", "--ignore-not-found");
            await cluster.EventuallyAsync(text => text.Length == 0 || text.Contains("Released"), "get", "pv", "shared", "--ignore-not-found");
            await cluster.TryKubectlAsync("delete", "pv", "shared", "--ignore-not-found");
            File.Delete(manifest);
            Directory.Delete(directory, recursive: true);
        }
    }
}
