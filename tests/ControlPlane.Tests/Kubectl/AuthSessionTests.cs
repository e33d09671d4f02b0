using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>kubectl auth and kubectl create token.</summary>
public sealed class AuthSessionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task Whoami_and_can_i()
    {
        var whoami = await kubectl.RunAsync("auth whoami");
        Assert.Matches(@"Username +kubernetes-admin", whoami);
        Assert.Matches(@"Groups +\[system:masters system:authenticated\]", whoami);
        Assert.Equal("yes\n", await kubectl.RunAsync("auth can-i create pods"));
        Assert.Matches(@"Resources +Non-Resource URLs +Resource Names +Verbs\n", await kubectl.RunAsync("auth can-i --list"));
        Assert.Matches(@"\*\.\* +\[\] +\[\] +\[\*\]", await kubectl.RunAsync("auth can-i --list"));
        Assert.Matches(@"Username +system:serviceaccount:default:robot", await kubectl.RunAsync("auth whoami --as system:serviceaccount:default:robot"));
        Assert.Matches(@"Groups +\[crew system:authenticated\]", await kubectl.RunAsync("auth whoami --as jane --as-group crew"));
    }

    [Fact]
    public async Task A_token_is_made_and_used()
    {
        await kubectl.RunAsync("create serviceaccount builder");
        var token = (await kubectl.RunAsync("create token builder --duration=20m --audience=https://kubernetes.default.svc.cluster.local")).Trim();
        Assert.Matches(@"^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$", token);

        // A client certificate in the kubeconfig would win over a token: the raw review says whose it is.
        var review = await kubectl.RunAsync(
            "create --validate=false -o yaml -f -", $"apiVersion: authentication.k8s.io/v1\nkind: TokenReview\nmetadata: {{name: x}}\nspec: {{token: {token}}}\n");
        Assert.Contains("username: system:serviceaccount:default:builder", review);
        await kubectl.RunAsync("create -f -", "apiVersion: v1\nkind: Pod\nmetadata: {name: bound}\nspec: {serviceAccountName: builder, containers: [{name: c, image: i}]}\n");
        var bound = await kubectl.RunAsync("create token builder --bound-object-kind Pod --bound-object-name bound");
        Assert.Matches(@"^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$", bound.Trim());
        Assert.Contains("error: failed to create token: serviceaccounts \"none\" not found", await kubectl.RunAsync("create token none"));
    }

    [Fact]
    public async Task Access_reviews_check_their_question()
    {
        const string head = "apiVersion: authorization.k8s.io/v1\nkind: ";
        Assert.Contains(
            "allowed: true", await kubectl.RunAsync("create --validate=false -o yaml -f -", head + "SubjectAccessReview\nspec: {user: jane, extra: {scope: [a]}, resourceAttributes: {verb: get, resource: pods}}\n"));
        Assert.Contains(
            "at least one of user or group must be specified",
            await kubectl.RunAsync("create --validate=false -f -", head + "SubjectAccessReview\nspec: {resourceAttributes: {verb: get, resource: pods}}\n"));
        Assert.Contains(
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            await kubectl.RunAsync("create --validate=false -f -", head + "SelfSubjectAccessReview\nspec: {}\n"));
        Assert.Contains(
            "spec.resourceAttributes.namespace must match namespace: default",
            await kubectl.RunAsync("create --validate=false -f -", head + "LocalSubjectAccessReview\nmetadata: {namespace: default}\nspec: {user: jane, resourceAttributes: {namespace: other, verb: get, resource: pods}}\n"));
    }

    [Fact]
    public async Task Describe_shows_an_account_with_its_token_secret()
    {
        await kubectl.RunAsync("create serviceaccount old");
        await kubectl.RunAsync(
            "create -f -", "apiVersion: v1\nkind: Secret\nmetadata: {name: old-token, annotations: {kubernetes.io/service-account.name: old}}\ntype: kubernetes.io/service-account-token\n");
        await kubectl.EventuallyAsync("describe secret old-token", "token:");
        var described = await kubectl.RunAsync("describe serviceaccount old");
        Assert.Matches(new Regex(@"Tokens: +old-token"), described);
    }
}
