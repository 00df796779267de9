"""Thousands of simulated experiments on what real days did: does the judge's statistics keep its promises?"""
