using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>`kubectl create KIND`, whose bodies are protobuf since 1.32, and deleting everything at once, in a namespace of its own.</summary>
[Collection(ClusterCollection.Name)]
public sealed class CreateSessionTests(ClusterFixture cluster)
{
    private const string Namespace = "created";

    [Fact]
    public async Task WhatCreateMakesIsThereAndDeleteAllTakesItAway()
    {
        await cluster.KubectlAsync("create", "namespace", Namespace);
        try
        {
            await InAsync("create", "configmap", "settings", "--from-literal=colour=blue");
            await InAsync("create", "secret", "generic", "key", "--from-literal=word=open");
            await InAsync("create", "serviceaccount", "robot");
            await InAsync("create", "deployment", "web", "--image=nginx", "--replicas=2");
            await InAsync("create", "service", "clusterip", "web", "--tcp=80:80");
            Assert.Equal("blue", await InAsync("get", "configmap", "settings", "-o", "jsonpath={.data.colour}"));
            Assert.Equal("b3Blbg==", await InAsync("get", "secret", "key", "-o", "jsonpath={.data.word}"));
            await InAsync("rollout", "status", "deployment/web", "--timeout=60s");
            var all = await InAsync("get", "all");
            Assert.Matches(@"pod/web-\S+ +1/1 +Running", all);
            Assert.Matches(@"service/web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80/TCP", all);
            Assert.Matches(@"deployment\.apps/web +2/2 +2 +2 ", all);
            Assert.Matches(@"replicaset\.apps/web-\S+ +2 +2 +2 ", all);

            await InAsync("delete", "all", "--all");
            await cluster.EventuallyAsync(text => text.Trim().Length == 0, "get", "pods,rs,deploy,svc", "-n", Namespace, "-o", "name");
            Assert.Matches(new Regex(@"^configmap/settings$", RegexOptions.Multiline), await InAsync("get", "configmap", "-o", "name"));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "namespace", Namespace);
        }
    }

    private Task<string> InAsync(params string[] arguments) => cluster.KubectlAsync([.. arguments, "-n", Namespace]);
}
