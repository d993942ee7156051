/** What the door leads to where chapters/ is gone (make/plumbing.mk). */
export {};
