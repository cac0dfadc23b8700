// Package deploy checks what is shipped for container platforms, by the
// libraries of those who read it: kustomize builds the manifests, Kubernetes' own
// types decode them with nothing unknown, its Pod Security admission judges the
// pods, and Compose's loader the Compose file. It is a module of its own, so that
// none of these is a dependency of Bulkhead.
package deploy
